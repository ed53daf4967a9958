"""Finds a Java that is new enough."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from replay_tools.embedded.errors import ToolMissing

SHORT_LIVED: Final = "-XX:TieredStopAtLevel=1"
"""Halves the processor time of a start, and what runs for long is slower: for tests."""

_INSTALLED: Final = Path("/usr/lib/jvm")
_RELEASE: Final = re.compile(r'^JAVA_VERSION="(?:1\.)?(\d+)', re.MULTILINE)
_SAYS: Final = re.compile(r'version "(?:1\.)?(\d+)')


def find_java(minimum: int, *, variable: str = "JAVA_HOME", needed_by: str) -> Path:
    """The home of the first Java of that version or later: as variables say, on PATH, in /usr/lib/jvm."""
    found: dict[Path, int] = {}
    for home in _homes(variable):
        found[home] = version = _version(home)
        if version >= minimum:
            return home
    others = ", ".join(sorted({f"Java {version}" for version in found.values() if version}))
    raise ToolMissing(
        f"{needed_by} needs Java {minimum} or later, and {f'only {others} is' if others else 'none is'} here: "
        f"install one (Debian: apt install default-jre-headless; else adoptium.net), or name its folder in {variable}"
    )


def _homes(variable: str) -> Iterator[Path]:
    named = [os.environ[name] for name in dict.fromkeys((variable, "JAVA_HOME")) if os.environ.get(name)]
    yield from (Path(home) for home in named if _runs(Path(home)))
    if (on_path := shutil.which("java")) is not None:
        yield Path(on_path).resolve().parents[1]
    yield from (home for home in sorted(_INSTALLED.glob("*")) if _runs(home))


def _runs(home: Path) -> bool:
    return os.access(home / "bin" / "java", os.X_OK)


def _version(home: Path) -> int:
    """Its major version; 0 when it does not say."""
    release = home / "release"
    told = _RELEASE.search(release.read_text(errors="replace")) if release.exists() else None
    if told is None:
        asked = subprocess.run([home / "bin" / "java", "-version"], capture_output=True, text=True, check=False)
        told = _SAYS.search(asked.stderr)
    return int(told[1]) if told else 0
