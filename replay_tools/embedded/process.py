"""Child processes that die with this one, and the waiting for them."""

import asyncio
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from replay_tools.embedded.errors import PortTaken, ServerFailed

POLL_SECONDS = 0.01
_TETHER = Path(__file__).with_name("tether.py")


def tethered(command: Sequence[str], death_signal: signal.Signals) -> list[str]:
    """The command as a child that gets the signal when this process dies.

    The kernel ties a child to the *thread* that started it, so only the main thread, which ends last, may start one.
    """
    if sys.platform != "linux":
        raise ServerFailed(
            "embedded servers need Linux: give the servers' addresses in CRM_POSTGRES_URL and CRM_REDIS_URL"
        )
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(
            "a server must be started from the main thread, since it dies with the thread that started it"
        )
    return [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), str(int(death_signal)), *command]


@dataclass(frozen=True, kw_only=True)
class Child:
    """A running server process: `exited` tells of its end, `stop` brings it about."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signals: tuple[tuple[signal.Signals, float], ...]
    """Each signal in turn, with the seconds that it is given."""

    def wait(self, seconds: float) -> int | None:
        """The exit code, or None when the process still runs after so many seconds."""
        if self.process.poll() is None:
            wait_for_exit(self.process.pid, seconds)
        return self.process.poll()

    async def exited(self) -> int:
        """Wait for the process to end, whoever ended it."""
        if self.process.poll() is None:
            await _exit_of(self.process.pid)
        return self.process.wait()

    def await_ready(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Return once it is ready; otherwise leave nothing running and raise ServerFailed."""
        deadline = time.monotonic() + seconds
        try:
            while not is_ready():
                if self.wait(POLL_SECONDS) is not None:
                    raise self._failure()
                if time.monotonic() > deadline:
                    raise ServerFailed(f"{self.name} was not ready within {seconds:.0f} s (log: {self.log})")
        except BaseException:
            self.stop()
            raise

    def _failure(self) -> ServerFailed:
        text = self.log.read_text(errors="replace")
        if "Address already in use" in text:
            return PortTaken(f"{self.name} did not start: its port was taken")
        lines = text.splitlines()
        telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error" in line.lower()]
        reason = (telling or lines or ["no message"])[-1].strip()
        return ServerFailed(f"{self.name} did not start: {reason} (log: {self.log})")

    def begin_stop(self) -> None:
        """Tell it to end, without waiting: several that are told first and stopped then end beside one another."""
        self.process.send_signal(self.stop_signals[0][0])

    def stop(self) -> int:
        """End the process, gently first; returns its exit code. One that has ended stays as it is."""
        for stop_signal, seconds in self.stop_signals:
            self.process.send_signal(stop_signal)
            if (code := self.wait(seconds)) is not None:
                return code
        self.process.kill()
        return self.process.wait()


def spawn(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    stop_signals: tuple[tuple[signal.Signals, float], ...],
    stdin: bytes = b"",
    death_signal: signal.Signals | None = None,
    variables: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Child:
    """Start a server in a process group of its own, so that the terminal's Ctrl-C reaches only this process.

    ``death_signal`` is what it gets when this process dies, else the first of the stop signals.
    """
    with log.open("wb") as output:
        log.chmod(0o600)
        process = subprocess.Popen(
            tethered(command, death_signal or stop_signals[0][0]),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**environment(), **(variables or {})},
            cwd=directory or log.parent,
            process_group=0,
        )
    _feed(process, stdin)
    return Child(name=name, process=process, log=log, stop_signals=stop_signals)


def environment() -> dict[str, str]:
    """What servers get to see: none of the user's PGDATA, PGOPTIONS or locale, which would change what they do.

    LD_LIBRARY_PATH is for the Python of the tether, which some machines find its library by.
    """
    passed_on = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {**passed_on, "LC_ALL": "C", "TZ": "UTC"}


def wait_for_exit(pid: int, seconds: float) -> bool:
    """Whether the process has ended within so many seconds; it need not be a child."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(handle)


def on_free_port(start: Callable[[int], Child], attempts: int = 3) -> tuple[Child, int]:
    """Start on a port that was free a moment ago, and on another one when somebody else was quicker."""
    for _ in range(attempts - 1):
        with contextlib.suppress(PortTaken):
            return start(port := _free_port()), port
    return start(port := _free_port()), port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _exit_of(pid: int) -> None:
    handle = os.pidfd_open(pid)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    stdin = cast("IO[bytes]", process.stdin)  # it was started with a pipe
    # a broken pipe means that it ended already: its log says why, and await_ready reads that
    with contextlib.suppress(BrokenPipeError), stdin:
        stdin.write(data)
