"""What postmaster.pid says, and what to do about a PostgreSQL that outlived its supervisor."""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from replay_tools.embedded.errors import ServerFailed
from replay_tools.embedded.process import wait_for_exit

_PID, _STATUS = 0, 7  # lines of the file


@dataclass(frozen=True, kw_only=True)
class PidFile:
    """Where a PostgreSQL notes its process and state; after a crash it stays behind and may name anything."""

    data: Path

    @property
    def path(self) -> Path:
        """Where PostgreSQL keeps it."""
        return self.data / "postmaster.pid"

    def says_ready(self, pid: int) -> bool:
        """Whether this very process accepts connections."""
        lines = self._lines()
        return len(lines) > _STATUS and lines[_PID] == str(pid) and lines[_STATUS].strip() == "ready"

    def clear(self, seconds: float) -> None:
        """Make way for a new start; only for the holder of the data folder's lock.

        PostgreSQL itself refuses a file that names a living process, whatever that is, or that it cannot read. A server
        that still runs on the data is on its way out, since its supervisor is dead: it is helped along and waited for.
        So are children of a server that was killed: one in the middle of a query notices that only after it.
        """
        lines = self._lines()
        if not lines or not lines[_PID].isdigit() or int(lines[_PID]) == 0:
            self.path.unlink(missing_ok=True)
        elif self._is_server(int(lines[_PID])):
            _end(int(lines[_PID]), signal.SIGINT, seconds, f"PostgreSQL on {self.data}")
        elif Path(f"/proc/{lines[_PID]}").exists():
            self.path.unlink(missing_ok=True)
        for child in self._at_work():
            _end(child, signal.SIGQUIT, seconds, f"a child of PostgreSQL on {self.data}")

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def _is_server(self, pid: int) -> bool:
        words = _words(pid)
        return words[0].endswith(b"postgres") and os.fsencode(self.data) in words

    def _at_work(self) -> Iterator[int]:
        """Processes whose working directory is the data, as that of every process of PostgreSQL is."""
        data = self.data.resolve()
        for process in Path("/proc").glob("[0-9]*"):
            # it has ended, or is another user's
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                if (process / "cwd").readlink() == data and _words(int(process.name))[0].startswith(b"postgres:"):
                    yield int(process.name)


def _words(pid: int) -> list[bytes]:
    """Of its command line; of a process that has ended, none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return [b""]


def _end(pid: int, stop_signal: signal.Signals, seconds: float, name: str) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, stop_signal)
    if not wait_for_exit(pid, seconds):
        raise ServerFailed(f"{name} is left of an earlier start: end process {pid} first")
