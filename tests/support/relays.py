"""Relays as processes of their own: started, killed, stopped and woken."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from replay_tools.embedded.process import tethered
from write_side.adapters.kafka import Kafka

LEADS, STANDS_BY = "leads, from position", "stands by"


@dataclass(frozen=True)
class RelayProcess:
    """One running relay."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def leads(self) -> bool:
        """As far as it knows."""
        return leads(self.said())

    def said(self) -> str:
        """All that it printed."""
        return self.log.read_text()

    def wait_for(self, text: str, *, times: int = 1, seconds: float = 30) -> float:
        """Seconds until it has printed this so often; AssertionError when it ends first, or time runs out."""
        started = time.monotonic()
        while self.said().count(text) < times:
            assert self.process.poll() is None, f"the relay ended:\n{self.said()}"
            assert time.monotonic() - started < seconds, f"no {text!r} within {seconds} s:\n{self.said()}"
            time.sleep(0.02)  # another process, and a file: there is nothing to wait on
        return time.monotonic() - started

    def send(self, number: signal.Signals) -> None:
        """A signal."""
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Its exit code after a signal, and the seconds that it took."""
        started = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(timeout=20), time.monotonic() - started


def leads(said: str) -> bool:
    """Whether a relay that printed this leads, as far as it knows."""
    return said.rfind(LEADS) > said.rfind(STANDS_BY)


@contextmanager
def relay_processes(count: int, folder: Path, log_url: str, kafka: Kafka) -> Iterator[list[RelayProcess]]:
    """One that leads, then as many more, each in its place; gone when left, whatever became of them."""
    relays: list[RelayProcess] = []
    try:
        for number in range(count):
            relays.append(started(folder / f"relay{number}.log", log_url, kafka))
            relays[-1].wait_for(STANDS_BY)
            for earlier in relays[:-1]:  # it was asked to join anew with the newcomer
                earlier.wait_for(STANDS_BY, times=len(relays))
            _wait_for_leader(relays)
        yield relays
    finally:
        for relay in relays:
            relay.process.kill()
            relay.process.wait()


def started(log: Path, log_url: str, kafka: Kafka) -> RelayProcess:
    """One relay; returns at once."""
    command = (sys.executable, "-m", "tests.support.relay_program", log_url, kafka.servers, kafka.prefix)
    with log.open("wb") as out:
        process = subprocess.Popen(
            tethered(command, signal.SIGKILL),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return RelayProcess(process, log)


def leader_of(relays: list[RelayProcess]) -> tuple[RelayProcess, RelayProcess]:
    """The one of two that leads, and the one that stands by."""
    first, second = relays
    return (first, second) if first.leads else (second, first)


def _wait_for_leader(relays: list[RelayProcess], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while [relay.leads for relay in relays].count(True) != 1:
        assert time.monotonic() < deadline, "\n---\n".join(relay.said() for relay in relays)
        time.sleep(0.02)  # as above
