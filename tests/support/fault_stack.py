"""The full stack as processes of one test: every server and every part of the platform can be killed and comes back.

Only the main thread may use it: children die with the thread that started them.
"""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import psutil

from replay_tools.embedded.elasticsearch import ElasticsearchOnItsWay, ElasticsearchServer, begin_elasticsearch
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.java import SHORT_LIVED
from replay_tools.embedded.kafka import KafkaServer, start_kafka
from replay_tools.embedded.ports import new_port
from replay_tools.embedded.postgres import PostgresServer, start_postgres
from replay_tools.embedded.process import tethered
from replay_tools.embedded.valkey import ValkeyServer, start_valkey
from tests.support.platform import CRM
from tests.support.secrets import MASTER

TOKEN_SECRET: Final = "the token secret of one test, 32 bytes"
_READY_S: Final = 180.0
_END_S: Final = 10.0
_VALKEY_MB: Final = 1_024  # the long form makes 200,000 events; a card takes about a kilobyte


class Process:
    """One process of the platform, under a name of its own."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.command = command
        self._environment = environment
        self.log = folder / f"{name}.log"
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """It must have been started."""
        assert self._running is not None, self.name
        return self._running

    def start(self) -> None:
        """Again, too; what it says is added to its log."""
        with self.log.open("ab") as out:
            self._running = subprocess.Popen(
                tethered(self.command, signal.SIGKILL),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=dict(self._environment),
            )

    def kill(self) -> None:
        """SIGKILL."""
        self.running.kill()
        self.running.wait()

    def stop(self) -> None:
        """SIGTERM, which it must obey."""
        self.running.terminate()
        self.running.wait(timeout=_END_S)

    def end(self) -> None:
        """Whatever state it is in."""
        if self._running is not None and self._running.poll() is None:
            self._running.kill()
            self._running.wait()


class Postgres:
    """The database of log and views."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._port = new_port()
        self._server: PostgresServer = self._started()
        self.url = self._server.url

    def _started(self) -> PostgresServer:
        return start_postgres(self._folder, port=self._port, settings={"max_connections": "120"})

    def kill(self) -> None:
        """SIGKILL of the postmaster: its children end when they notice, and no connection is answered."""
        self._server.child.process.kill()
        self._server.child.process.wait()

    def start(self) -> None:
        """It replays its log."""
        self._server = self._started()

    def end(self) -> None:
        """For good."""
        self._server.stop()


class Valkey:
    """Cards, feeds and counters: gone with its process."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._server: ValkeyServer = start_valkey(folder, megabytes=_VALKEY_MB)
        self.url = self._server.url

    def kill(self) -> None:
        """SIGKILL."""
        self._server.child.process.kill()
        self._server.child.process.wait()

    def start(self) -> None:
        """Empty, at the same address."""
        self._server = start_valkey(self._folder, megabytes=_VALKEY_MB, like=self._server)

    def end(self) -> None:
        """For good."""
        self._server.stop()


class Kafka:
    """The broker."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._server: KafkaServer = start_kafka(folder, jvm=[SHORT_LIVED])
        self.url = self._server.url

    def kill(self) -> None:
        """SIGKILL."""
        self._server.child.process.kill()
        self._server.child.process.wait()

    def start(self) -> None:
        """With its data, at the same address."""
        self._server = start_kafka(self._folder, jvm=[SHORT_LIVED])

    def end(self) -> None:
        """For good."""
        self._server.stop()


class Elasticsearch:
    """The node and its launcher."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._server: ElasticsearchServer = begin_elasticsearch(folder, jvm=[SHORT_LIVED])
        self.url = self._server.url
        self.seconds: list[float] = []
        """From each start to the first answer."""

    def kill(self) -> None:
        """SIGKILL of the node, and of its launcher, which would end in order."""
        launcher = psutil.Process(self._server.child.process.pid)
        for process in (*launcher.children(recursive=True), launcher):
            process.kill()
        self._server.child.process.wait()

    def start(self) -> None:
        """With its data, at the same address; it takes its time, in which other things may happen."""
        self._server = begin_elasticsearch(self._folder, jvm=[SHORT_LIVED])
        threading.Thread(target=self._time, args=(time.monotonic(),), daemon=True).start()

    def _time(self, began: float) -> None:
        while not _answers(self.url) and time.monotonic() < began + _READY_S:
            time.sleep(0.1)  # another process, asked over HTTP: there is nothing to wait on
        self.seconds.append(time.monotonic() - began)

    def await_ready(self) -> None:
        """Until it answers."""
        if isinstance(self._server, ElasticsearchOnItsWay):
            self._server = self._server.ready()

    def end(self) -> None:
        """For good."""
        self._server.stop()


Killable = Process | Postgres | Valkey | Kafka | Elasticsearch


class FullStack:
    """Servers, two APIs, a relay and its standby, two workers."""

    def __init__(self, folder: DataFolder, ends: ExitStack, worker: Sequence[str] = (*CRM, "worker")) -> None:
        self._folder = folder.path
        self.elasticsearch = Elasticsearch(folder)
        ends.callback(self.elasticsearch.end)
        self.postgres = Postgres(folder)
        ends.callback(self.postgres.end)
        self.valkey = Valkey(folder)
        ends.callback(self.valkey.end)
        self.kafka = Kafka(folder)
        ends.callback(self.kafka.end)
        self.environment = {
            **os.environ,
            "CRM_EVENT_STORE_URL": self.postgres.url,
            "CRM_POSTGRES_URL": self.postgres.url,
            "CRM_REDIS_URL": self.valkey.url,
            "CRM_KAFKA_URL": self.kafka.url,
            "CRM_ELASTICSEARCH_URL": self.elasticsearch.url,
            "CRM_MASTER_SECRET": MASTER.decode(),
            "CRM_TOKEN_SECRET": TOKEN_SECRET,
        }
        ports = [new_port(), new_port()]
        self.api_urls = [f"http://127.0.0.1:{port}" for port in ports]
        self.apis = [self._process(f"api{n}", (*CRM, "api", "--port", f"{port}")) for n, port in enumerate(ports)]
        self.relays = [self._process(f"relay{n}", (*CRM, "relay")) for n in range(2)]
        self.workers = [self._process(f"worker{n}", worker) for n in range(2)]
        for process in (*self.apis, *self.relays, *self.workers):
            ends.callback(process.end)

    def _process(self, name: str, command: Sequence[str]) -> Process:
        return Process(name, command, self.environment, self._folder)

    def begin(self) -> None:
        """One API first, since it makes the tables; then the topics, and all the rest but the second worker."""
        self.apis[0].start()
        self.await_api(0)
        subprocess.run((*CRM, "topics", "apply"), env=self.environment, check=True, capture_output=True)
        for process in (self.apis[1], *self.relays, self.workers[0]):
            process.start()
        self.await_api(1)
        self.elasticsearch.await_ready()

    def await_api(self, number: int) -> None:
        """Until it answers; started again when it ended, as a supervisor would."""
        process, deadline = self.apis[number], time.monotonic() + _READY_S
        while not _answers(f"{self.api_urls[number]}/livez"):
            assert time.monotonic() < deadline, process.log.read_text()[-3000:]
            if process.running.poll() is not None:
                process.start()
            time.sleep(0.1)  # another process, asked over HTTP: there is nothing to wait on

    def revive(self) -> None:
        """Start again what ended by itself while a server was away, as a supervisor would."""
        for process in (*self.apis, *self.relays, self.workers[0]):
            if process.running.poll() is not None:
                process.start()


@contextmanager
def full_stack(folder: Path, worker: Sequence[str] = (*CRM, "worker")) -> Iterator[FullStack]:
    """All of it, running; ended when left."""
    with DataFolder(folder) as held, ExitStack() as ends:
        stack = FullStack(held, ends, worker)
        stack.begin()
        yield stack


@contextmanager
def load(stack: FullStack, ledger: Path, *, rate: float, seed: int, token: str) -> Iterator[subprocess.Popen[bytes]]:
    """Commands while the context is open; at its end every command has been answered.

    When the context fails, what is down may stay down, and with it the answers: then the load is ended at once.
    """
    words = (str(ledger), f"{rate}", f"{seed}", token, *stack.api_urls)
    command = (sys.executable, "-m", "tests.support.fault_load", *words)
    with subprocess.Popen(tethered(command, signal.SIGKILL), cwd=Path(__file__).parents[2]) as process:
        try:
            yield process
            process.terminate()
            assert process.wait(timeout=120) == 0, "the load failed"
        finally:
            process.kill()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
