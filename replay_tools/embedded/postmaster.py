"""What postmaster.pid says, and what to do about a PostgreSQL that outlived its supervisor."""

import contextlib
import os
import signal
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
        """
        lines = self._lines()
        if not lines or not lines[_PID].isdigit() or int(lines[_PID]) == 0:
            self.path.unlink(missing_ok=True)
        elif not Path(f"/proc/{lines[_PID]}").exists():
            return  # PostgreSQL takes over from a dead process itself, and checks for that one's children
        elif self._is_server(int(lines[_PID])):
            self._end(int(lines[_PID]), seconds)
        else:
            self.path.unlink(missing_ok=True)

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def _is_server(self, pid: int) -> bool:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except FileNotFoundError:
            return False
        return words[0].endswith(b"postgres") and os.fsencode(self.data) in words

    def _end(self, pid: int, seconds: float) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        if not wait_for_exit(pid, seconds):
            raise ServerFailed(f"PostgreSQL {pid} of an earlier start still runs on {self.data}: end it first")
