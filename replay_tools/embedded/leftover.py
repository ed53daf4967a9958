"""A server that outlived its supervisor still holds the lock on its data: it is waited for, then ended."""

import contextlib
import fcntl
import os
import signal
import struct
from pathlib import Path
from typing import Final

from replay_tools.embedded.errors import ServerFailed
from replay_tools.embedded.process import wait_for_exit

_KILLED_SECONDS: Final = 10.0
_FLOCK: Final = struct.Struct("hhqqi4x")  # of Linux on 64 bits: type, whence, start, length, pid


def clear(lock: Path, *, seconds: float, name: str) -> None:
    """Return once nobody holds the lock file. Only for the holder of the data folder: others are left-overs then."""
    while (pid := holder(lock)) is not None:
        if wait_for_exit(pid, seconds):
            continue
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        if not wait_for_exit(pid, _KILLED_SECONDS):
            raise ServerFailed(f"{name} {pid} of an earlier start still runs on {lock.parent}: end it first")


def holder(lock: Path) -> int | None:
    """The process that holds a lock on the file, as Java's FileLock takes it."""
    if not lock.exists():
        return None
    with lock.open("rb") as file:
        wanted = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(file, fcntl.F_GETLK, wanted))
    return None if kind == fcntl.F_UNLCK else pid
