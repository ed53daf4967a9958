"""Runs the stages of `make check` or `make test`, and says at the end how long each took and what passed.

The last line is "N passed, N failed"; a stage that fails without a failing test counts as one failure.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
# a run that hangs ends while there is time to say so: continuous integration has 90 minutes
STEP_LIMIT_S = 55 * 60.0
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
# by files, in their order: what a module starts is started once
BY_FILE = ("--dist", "loadfile", "--no-loadscope-reorder")
ON_ALL_CORES = ("-n", "logical", *BY_FILE)
# tests that start servers, and end them, wait for much of their time
ON_MORE = ("-n", f"{(os.cpu_count() or 1) * 3 // 2}", *BY_FILE)
FULL_STACK = "tests/faults/test_full_stack.py"
PYTHONS = ("3.11", "3.12", "3.13")
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
CLOSING_LINE = re.compile(r"^=*\s*\d+ (passed|failed|error|skipped|deselected|xfailed).* in [\d.]+s")


@dataclass(frozen=True)
class Step:
    """One command of a stage."""

    command: Sequence[str | Path]
    folder: Path = ROOT


@dataclass(frozen=True)
class Environment:
    """Where a stage runs that needs another Python, or another client."""

    name: str
    python: str
    lock: str = "requirements.lock"

    @property
    def program(self) -> Path:
        """Its Python."""
        return cache() / self.name / "bin/python"

    @property
    def step(self) -> Step:
        """Makes it, or finds it there."""
        return Step((ROOT / ".ci/environment", cache() / self.name, self.python, self.lock))


def main(target: str) -> int:
    """Run all stages of the target, also after a failure, so that one run shows everything."""
    totals: Counter[str] = Counter()
    report: list[str] = []
    if target == "test":
        threading.Thread(target=prepare, daemon=True).start()
    for name, steps in stages(target):
        print(f"\n== {name}", flush=True)
        started = time.monotonic()
        before = totals["failed"] + totals["error"]
        succeeded = all(run(step, totals) for step in steps)
        if not succeeded and totals["failed"] + totals["error"] == before:
            totals["failed"] += 1
        report.append(f"{time.monotonic() - started:7.1f} s  {'' if succeeded else 'FAILED  '}{name}")
    failed = totals["failed"] + totals["error"]
    print("\n== seconds", *report, "", f"{totals['passed']} passed, {failed} failed", sep="\n", flush=True)
    return 1 if failed else 0


def stages(target: str) -> Iterator[tuple[str, Iterator[Step]]]:
    """Name and steps of each stage."""
    yield "ruff", iter([Step((BIN / "ruff", "check")), Step((BIN / "ruff", "format", "--check"))])
    yield "mypy", iter([Step((BIN / "mypy",))])
    yield "import-linter", iter([Step((BIN / "lint-imports", "--no-logo"))])
    yield "unit tests", iter([Step((sys.executable, *PYTEST, *ON_ALL_CORES, "tests/unit"))])
    if target == "test":
        rest = ("tests", "--ignore=tests/unit", f"--ignore={FULL_STACK}")
        yield "tests on real servers", iter([Step((sys.executable, *PYTEST, *ON_MORE, *rest))])
        # alone on the machine, which a whole stack under load fills
        yield "faults of the full stack", iter([Step((sys.executable, *PYTEST, FULL_STACK))])
        older, for_wheel, *others = environments()
        yield "event store with the older esdbclient", on_older_client(older)
        yield f"built wheel on Python {for_wheel.name.removeprefix('wheel-')}", on_built_wheel(for_wheel)
        for other in others:
            yield f"unit tests on Python {other.name}", on_other_python(other)


def environments() -> tuple[Environment, ...]:
    """For the older client, for the wheel, and for each further Python."""
    (for_wheel, path), *others = other_pythons() or [(THIS_PYTHON, sys.executable)]
    older = Environment("esdb", sys.executable, "requirements-esdb.lock")
    return older, Environment(f"wheel-{for_wheel}", path), *(Environment(*other) for other in others)


def prepare() -> None:
    """Make the environments ahead, while mypy leaves a core idle. Their steps wait for it, and say why it failed."""
    for environment in environments():
        subprocess.run(environment.step.command, capture_output=True, check=False)


def other_pythons() -> list[tuple[str, str]]:
    """Version and path of those on this machine, without this one."""
    found = {version: find_python(version) for version in PYTHONS if version != THIS_PYTHON}
    return [(version, path) for version, path in found.items() if path]


def find_python(version: str) -> str:
    """The path of that Python; empty when it is not on this machine."""
    command = (ROOT / ".ci/find-python", version)
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def on_other_python(environment: Environment) -> Iterator[Step]:
    """Unit tests."""
    yield environment.step
    yield Step((environment.program, *PYTEST, *ON_ALL_CORES, "tests/unit"))


def on_older_client(environment: Environment) -> Iterator[Step]:
    """The contract of event stores, and what goes wrong, with a client that cannot be installed beside the newer."""
    yield environment.step
    faults = ("appending", "connecting", "double", "following")
    files = [f"tests/integration/test_kurrent_{name}.py" for name in faults]
    contract = "tests/contract/test_event_store_kurrentdb.py"
    yield Step((environment.program, *PYTEST, *ON_ALL_CORES, contract, *files))


def on_built_wheel(environment: Environment) -> Iterator[Step]:
    """Tests where the source tree cannot be imported: an editable install hides what the wheel lacks."""
    with tempfile.TemporaryDirectory(prefix="eventcrm-wheel-") as name:
        folder = Path(name)
        yield Step((BIN / "hatchling", "build", "-t", "wheel", "-d", folder / "dist"))
        (wheel,) = (folder / "dist").glob("*.whl")
        yield Step((sys.executable, "-m", "tests.support.wheel_contents", wheel))
        yield environment.step
        install = ("install", "--quiet", "--no-deps", "--reinstall", "--python", environment.program)
        yield Step((BIN / "uv", "pip", *install, wheel))
        probe = "import replay_tools; assert 'site-packages' in replay_tools.__file__, replay_tools.__file__"
        yield Step((environment.program, "-c", probe), folder)
        shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        on_postgres = [str(file.relative_to(ROOT)) for file in (ROOT / "tests/contract").glob("test_*_postgres.py")]
        kept = ("-m", "not source_tree", "tests/unit", *sorted(on_postgres))
        yield Step((environment.program, *PYTEST, *ON_ALL_CORES, *kept), folder)
        # those that read the tree's files: of the tree, in this Python
        of_tree = [
            file for file in sorted((ROOT / "tests/unit").rglob("test_*.py")) if "source_tree" in file.read_text()
        ]
        yield Step((environment.program, *PYTEST, "-m", "source_tree", *of_tree))


def run(step: Step, totals: Counter[str]) -> bool:
    """Run a step with its output passing through; pytest's closing line adds to the totals.

    A step that reaches the limit is aborted, and fails: pytest answers that with where each of its threads is.
    """
    words = [str(word) for word in step.command]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "GRPC_VERBOSITY": "ERROR"}
    with subprocess.Popen(
        words, cwd=step.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        limit = threading.Timer(STEP_LIMIT_S, process.send_signal, (signal.SIGABRT,))
        limit.start()
        for line in process.stdout:
            print(line, end="", flush=True)
            if CLOSING_LINE.match(line):
                totals.update({kind.removesuffix("s"): int(n) for n, kind in re.findall(r"(\d+) (\w+)", line)})
        limit.cancel()
    return process.returncode == 0


def cache() -> Path:
    """Where this clone's further environments lie."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "eventcrm" / hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
