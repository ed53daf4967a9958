"""What is too large for a wheel: fetched once per machine into a cache folder, all of it or nothing."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from replay_tools.embedded.errors import ServerFailed

Say = Callable[[str], None]
"""Takes one line on how it goes, for the person at the terminal."""


def silent(line: str) -> None:
    """Tells nobody."""


def cache_folder() -> Path:
    """Where downloads lie, for all clones and data folders of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eventcrm"


def ensure(name: str, make: Callable[[Path], None], *, say: Say = silent) -> Path:
    """The cache's folder of that name; the first who asks makes it in a draft, and who asks meanwhile waits."""
    folder = cache_folder() / name
    if folder.exists():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f"{name}.lock").open("a") as lock:
            _take(lock.fileno(), name, say)
            if not folder.exists():
                _make(folder, make)
    except OSError as error:
        raise ServerFailed(f"{folder} cannot be made: {error}") from error
    return folder


def _take(lock: int, name: str, say: Say) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say(f"Waiting for another process that fetches {name} ...")
        fcntl.flock(lock, fcntl.LOCK_EX)


def _make(folder: Path, make: Callable[[Path], None]) -> None:
    for left_over in folder.parent.glob(f"{folder.name}.new-*"):  # of a process that was killed
        shutil.rmtree(left_over)
    draft = Path(tempfile.mkdtemp(prefix=f"{folder.name}.new-", dir=folder.parent))
    try:
        make(draft)
        draft.chmod(0o755)
        for path in draft.rglob("*"):  # else a power failure could leave the folder with files that are cut short
            if path.is_file():
                _flush(path)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
