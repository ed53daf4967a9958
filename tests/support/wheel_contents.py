"""Says which files of the packages a built wheel lacks: the wheel is the argument, exit code 1 where it lacks some."""

import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("event_schemas", "write_side", "projections", "read_api", "replay_tools")


def lacking(wheel: Path) -> list[str]:
    """Paths below the root, in order."""
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    wanted = {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}
    return sorted(wanted - held)


if __name__ == "__main__":
    if missing := lacking(Path(sys.argv[1])):
        sys.exit(f"the wheel lacks {', '.join(missing)}")
