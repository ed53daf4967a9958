"""The data folder: what lies where, and the lock that keeps a second supervisor out."""

import contextlib
import fcntl
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from replay_tools.embedded.errors import DataFolderInUse, ServerFailed


def default_path() -> Path:
    """Where data goes when nothing else is said: never into the source tree."""
    if os.geteuid() == 0:
        return Path("/var/lib/eventcrm")
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "eventcrm"


class DataFolder:
    """A data folder held by this process alone, from entering to leaving it or to its death."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            # others may pass through to a child's folder (PostgreSQL under another user), but not look around
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise ServerFailed(f"the data folder {self.path} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _holder(lock)
            lock.close()
            raise DataFolderInUse(f"the data folder {self.path} is in use{holder}") from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
        """The secret of that name, made on first use: for this user only, whole or absent even after a crash.

        Who asks need not hold the folder: of several who make it at once, one wins, and all get that one's.
        """
        path = self.path / name
        if not path.exists():
            handle, draft = tempfile.mkstemp(prefix=f"{name}.new-", dir=self.path)  # for this user only
            with os.fdopen(handle, "w") as file:
                file.write(make())
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # somebody else was quicker
                os.link(draft, path)
            Path(draft).unlink()
            self.flush()
        return path.read_text().strip()

    def flush(self) -> None:
        """Make sure that what was renamed into the folder is there after a power failure."""
        handle = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _holder(lock: IO[str]) -> str:
    lock.seek(0)
    pid = lock.read().strip()
    return f" by process {pid}" if pid.isdigit() else ""
