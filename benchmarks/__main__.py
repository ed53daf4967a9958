"""Runs benchmarks: all of them, each in a process of its own, or the one that is named.

A module of this package is a benchmark when it has a NAME and a ``main()`` that prints what it found, async or not.
"""

import ast
import importlib
import inspect
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop


def registered() -> dict[str, str]:
    """Name of each benchmark -> its module; found without importing them, since a run needs one at a time."""
    return {name: path.stem for path in sorted(Path(__file__).parent.glob("*.py")) if (name := _name(path))}


def _name(path: Path) -> str | None:
    for statement in ast.parse(path.read_text()).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="NAME")], value=ast.Constant(value=str(name))):
                return name
    return None


async def _finish(work: Awaitable[None]) -> None:
    await work


def run(module: str) -> None:
    """Run one benchmark in this process."""
    main: Callable[[], Awaitable[None] | None] = importlib.import_module(f"benchmarks.{module}").main
    if inspect.isawaitable(work := main()):
        uvloop.run(_finish(work))


def main(names: list[str]) -> int:
    """0, or 1 when a benchmark failed to run, or 2 when a name is unknown. A missed goal is printed, not an error."""
    known = registered()
    if unknown := set(names) - set(known):
        print(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    if len(names) == 1:
        run(known[names[0]])
        return 0
    codes = [
        subprocess.run([sys.executable, "-m", "benchmarks", name], check=False).returncode for name in names or known
    ]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
