"""Workers as processes of their own: `crm worker`, started, killed, stopped and woken."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from replay_tools.embedded.process import tethered
from tests.support.platform import CRM
from tests.support.secrets import MASTER
from write_side.adapters.kafka import Kafka

GOES_ON = "goes on at"


@dataclass(frozen=True)
class WorkerProcess:
    """One running worker."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """All that it printed."""
        return self.log.read_text()

    def wait_for(self, text: str, *, times: int = 1, seconds: float = 60) -> float:
        """Seconds until it has printed this so often; AssertionError when it ends first, or time runs out."""
        started = time.monotonic()
        while self.said().count(text) < times:
            assert self.process.poll() is None, f"the worker ended:\n{self.said()}"
            assert time.monotonic() - started < seconds, f"no {text!r} within {seconds} s:\n{self.said()}"
            time.sleep(0.02)  # another process, and a file: there is nothing to wait on
        return time.monotonic() - started

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Its exit code after a signal, and the seconds that it took."""
        started = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(timeout=20), time.monotonic() - started


def environment_of(kafka: Kafka, url: str, redis_url: str) -> dict[str, str]:
    """What a worker is told; log and tables are in one database."""
    return {
        "CRM_KAFKA_URL": kafka.servers,
        "CRM_KAFKA_PREFIX": kafka.prefix,
        "CRM_POSTGRES_URL": url,
        "CRM_REDIS_URL": redis_url,
        "CRM_MASTER_SECRET": MASTER.decode(),
    }


def started(log: Path, environment: Mapping[str, str], command: Sequence[str] = (*CRM, "worker")) -> WorkerProcess:
    """One worker; returns at once."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            tethered(command, signal.SIGKILL),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    return WorkerProcess(process, log)


@contextmanager
def worker_processes(
    count: int, folder: Path, environment: Mapping[str, str], command: Sequence[str] = (*CRM, "worker")
) -> Iterator[list[WorkerProcess]]:
    """So many at once, gone when left whatever became of them; more may be put into the list."""
    workers = [started(folder / f"worker{number}.log", environment, command) for number in range(count)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.wait()
