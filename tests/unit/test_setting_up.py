"""Finding a Python for `make`, as somebody with an odd machine meets it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FIND_PYTHON = Path(__file__).parents[2] / ".ci" / "find-python"
THIS_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
TOOLS = ("bash", "cat", "ls", "sort")

pytestmark = pytest.mark.source_tree


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that has a shell, and no Python on its path."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in TOOLS:
        found = next(Path(folder) / tool for folder in os.environ["PATH"].split(":") if (Path(folder) / tool).exists())
        (tools / tool).symlink_to(found)
    libraries = os.environ.get("LD_LIBRARY_PATH", "")  # by which some Pythons find their own
    return {"PATH": str(tools), "HOME": str(tmp_path), "LD_LIBRARY_PATH": libraries}


def find_python(machine: dict[str, str], *version: str) -> subprocess.CompletedProcess[str]:
    """Run the search there."""
    return subprocess.run([FIND_PYTHON, *version], env=machine, capture_output=True, text=True, check=False)


def test_without_a_python_the_way_out_is_named(machine: dict[str, str]) -> None:
    """No Python: exit code 3 and what to do, nothing on stdout."""
    found = find_python(machine)
    assert (found.returncode, found.stdout) == (3, "")
    assert "make PYTHON=/path/to/python" in found.stderr


def test_a_python_that_does_not_fit_is_passed_over(machine: dict[str, str]) -> None:
    """Neither another version nor one without venv is taken, whatever its name promises."""
    (Path(machine["PATH"]) / "python3.13").write_text("#!/bin/sh\nexit 1\n")
    (Path(machine["PATH"]) / "python3.13").chmod(0o755)
    assert find_python(machine).returncode == 3
    (Path(machine["PATH"]) / "python3").symlink_to(sys.executable)
    assert find_python(machine).returncode == 0
    assert find_python(machine, "3.10").returncode == 3


def test_a_version_that_only_pyenv_has_is_found(machine: dict[str, str]) -> None:
    """Versions that pyenv installed are found without being offered by their plain names."""
    place = Path(machine["HOME"]) / ".pyenv" / "versions" / f"{THIS_VERSION}.99" / "bin"
    place.mkdir(parents=True)
    (place / "python").symlink_to(sys.executable)
    assert find_python(machine).stdout == f"{place}/python\n"
    assert find_python(machine, THIS_VERSION).stdout == f"{place}/python\n"


def test_a_chosen_python_is_taken_or_refused(machine: dict[str, str]) -> None:
    """PYTHON= wins; when it does not fit nothing else is tried in its place."""
    chosen = find_python({**machine, "PYTHON": sys.executable})
    assert chosen.stdout == f"{sys.executable}\n"
    refused = find_python({**machine, "PYTHON": "/bin/false"})
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "PYTHON=/bin/false is no Python from 3.11 to 3.13" in refused.stderr
