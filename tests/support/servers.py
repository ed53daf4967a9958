"""The servers of a test run: started once for all its processes, gone with their data afterwards."""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Final, cast

import msgspec

from replay_tools.embedded.elasticsearch import begin_elasticsearch
from replay_tools.embedded.errors import EmbeddedError, ToolMissing
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.java import SHORT_LIVED
from replay_tools.embedded.kafka import start_kafka
from replay_tools.embedded.postgres import start_postgres
from replay_tools.embedded.valkey import start_valkey

# nothing outlives the run, so nothing waits for the disk: a test of durability starts a server of its own
_POSTGRES_SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}
_PREFIX = "eventcrm-tests-"
_REDIS_DATABASES = 64  # one per worker process

NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "servers": ("postgres", "redis"),
    "kafka_url": ("kafka",),
    "elasticsearch_url": ("elasticsearch",),
}
"""Which servers a fixture needs, whatever else asks for that fixture."""

Starting = AbstractContextManager[Callable[[], str]]
"""A server on its way: the call waits until it is ready and tells its address; leaving ends it."""


class Servers(msgspec.Struct, frozen=True):
    """The addresses that every test on real servers may use."""

    postgres_url: str
    redis_url: str


class ServerMissing(EmbeddedError):
    """This machine has not what the server needs."""


class Found(msgspec.Struct):
    """What became of each server that was asked for."""

    urls: dict[str, str] = {}
    seconds: float = 0
    failed: dict[str, str] = {}
    missing: dict[str, str] = {}

    def url(self, server: str) -> str:
        """Its address; ServerMissing or EmbeddedError with the reason when it is not there."""
        if server in self.missing:
            raise ServerMissing(self.missing[server])
        if server not in self.urls:
            raise EmbeddedError(self.failed.get(server, f"no collected test names a fixture that needs {server}"))
        return self.urls[server]

    def lines(self) -> Iterator[str]:
        """For the person at the terminal."""
        if self.urls:
            yield f"{', '.join(sorted(self.urls))}: ready after {self.seconds:.1f} s"
        yield from (f"{server} failed: {reason}" for server, reason in self.failed.items())
        yield from (f"NOT RUN, the tests that need {server}: {reason}" for server, reason in self.missing.items())


class ServersOfRun:
    """Starts the servers when first asked. Workers of pytest-xdist learn of them by a file: `announce`, `announced`."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._folder: DataFolder | None = None
        self._directory: Path | None = None
        self.wanted: set[str] = set()
        self.found = Found()

    def get(self, server: str) -> str:
        """Its address; the first call starts all that are wanted. Raises as `Found.url` does."""
        self._start({*self.wanted, server})
        return self.found.url(server)

    @property
    def file(self) -> Path:
        """Where the workers will look."""
        if self._directory is None:
            self._directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="eventcrm-run-")))
        return self._directory / "servers.json"

    def announce(self) -> None:
        """Start what the workers want, or find out why not, and write it down; once."""
        if self.file.exists():
            return
        for told in self.file.parent.glob("*.wanted"):
            self.wanted |= msgspec.json.decode(told.read_bytes(), type=set[str])
        self._start(self.wanted)
        self.file.write_bytes(msgspec.json.encode(self.found))

    def stop(self) -> None:
        """End the servers and remove their data."""
        self._stack.close()

    def _start(self, servers: Iterable[str]) -> None:
        """All at once where they can be: what takes long is begun first and awaited last."""
        asked = {*self.found.urls, *self.found.failed, *self.found.missing}
        new = [server for server in STARTS if server in {*servers} - asked]
        if new and self._folder is None:
            self._folder = self._stack.enter_context(_folder_of_run())
        begun = time.monotonic()
        waits: dict[str, Callable[[], str]] = {}
        for server in new:
            with self._noting(server):
                waits[server] = self._stack.enter_context(STARTS[server](cast("DataFolder", self._folder)))
        for server in reversed(waits):
            with self._noting(server):
                self.found.urls[server] = waits[server]()
        if new:
            self.found.seconds += time.monotonic() - begun

    @contextmanager
    def _noting(self, server: str) -> Iterator[None]:
        """A server that cannot be had fails the tests that need it, and no others."""
        try:
            yield
        except EmbeddedError as error:
            lacking = isinstance(error, ToolMissing) and not os.environ.get("CI")
            (self.found.missing if lacking else self.found.failed)[server] = str(error)


def needed(fixtures: Iterable[str]) -> set[str]:
    """The servers that tests with these fixtures run on."""
    return {server for fixture in {*fixtures} & NEEDS.keys() for server in NEEDS[fixture]}


def tell(file: Path, worker: str, wanted: set[str]) -> None:
    """Say as a worker, before its collection is reported, what the file should tell of."""
    file.with_name(f"{worker}.wanted").write_bytes(msgspec.json.encode(wanted))


def announced(file: Path) -> Found:
    """What the process that started the servers says of them."""
    return msgspec.json.decode(file.read_bytes(), type=Found)


def redis_database(redis_url: str, worker: str) -> str:
    """The URL of the database that belongs to this worker process ("gw3" under pytest-xdist, else "master")."""
    number = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
    return f"{redis_url.rpartition('/')[0]}/{number % _REDIS_DATABASES}"


@contextmanager
def _elasticsearch(folder: DataFolder) -> Iterator[Callable[[], str]]:
    with begin_elasticsearch(folder, jvm=[SHORT_LIVED], say=_say) as server:
        yield lambda: server.ready().url


@contextmanager
def _kafka(folder: DataFolder) -> Iterator[Callable[[], str]]:
    with start_kafka(folder, jvm=[SHORT_LIVED], say=_say) as server:
        yield lambda: server.url


@contextmanager
def _postgres(folder: DataFolder) -> Iterator[Callable[[], str]]:
    with start_postgres(folder, settings=_POSTGRES_SETTINGS) as server:
        yield lambda: server.url


@contextmanager
def _redis(folder: DataFolder) -> Iterator[Callable[[], str]]:
    with start_valkey(folder, databases=_REDIS_DATABASES) as server:
        yield lambda: server.url


STARTS: Mapping[str, Callable[[DataFolder], Starting]] = {
    "elasticsearch": _elasticsearch,
    "kafka": _kafka,
    "postgres": _postgres,
    "redis": _redis,
}
"""How each server is started, those that take long first."""


def _say(line: str) -> None:
    """To the terminal, past the capturing of tests' output."""
    print(line, file=sys.__stderr__, flush=True)


@contextmanager
def _folder_of_run() -> Iterator[DataFolder]:
    _clear_killed_runs()
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with DataFolder(directory) as folder:
            yield folder
    finally:
        shutil.rmtree(directory)


def _clear_killed_runs() -> None:
    """Remove what runs that were killed an hour ago or more could not."""
    for left_over in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(EmbeddedError, FileNotFoundError):  # in use, or another run was quicker
            if left_over.stat().st_mtime < time.time() - 3600:
                with DataFolder(left_over):
                    shutil.rmtree(left_over)
