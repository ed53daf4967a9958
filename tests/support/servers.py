"""The servers of a test run: started once for all its processes, gone with their data afterwards."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from replay_tools.embedded.errors import EmbeddedError
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.postgres import start_postgres
from replay_tools.embedded.valkey import start_valkey

# nothing outlives the run, so nothing waits for the disk: a test of durability starts a server of its own
_POSTGRES_SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}
_PREFIX = "eventcrm-tests-"
_REDIS_DATABASES = 64  # one per worker process


class Servers(msgspec.Struct, frozen=True, tag=True):
    """The addresses of the running servers."""

    postgres_url: str
    redis_url: str


class ServersFailed(msgspec.Struct, frozen=True, tag=True):
    """Why there are none; every test that needs one fails with it."""

    reason: str


class ServersOfRun:
    """Starts the servers when first asked. Workers of pytest-xdist learn of them by a file: `announce`, `announced`."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._servers: Servers | None = None
        self._directory: Path | None = None

    def get(self) -> Servers:
        """The servers; raises EmbeddedError when they cannot be had."""
        if self._servers is None:
            self._servers = self._stack.enter_context(_running())
        return self._servers

    @property
    def file(self) -> Path:
        """Where the workers will look."""
        if self._directory is None:
            self._directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="eventcrm-run-")))
        return self._directory / "servers.json"

    def announce(self) -> None:
        """Start the servers, or find out why not, and write it down; once."""
        if self.file.exists():
            return
        try:
            found: Servers | ServersFailed = self.get()
        except EmbeddedError as error:
            found = ServersFailed(reason=str(error))
        self.file.write_bytes(msgspec.json.encode(found))

    def stop(self) -> None:
        """End the servers and remove their data."""
        self._stack.close()


def announced(file: Path) -> Servers:
    """What the process that started the servers says of them."""
    found = msgspec.json.decode(file.read_bytes(), type=Servers | ServersFailed)
    if isinstance(found, ServersFailed):
        raise EmbeddedError(found.reason)
    return found


def redis_database(redis_url: str, worker: str) -> str:
    """The URL of the database that belongs to this worker process ("gw3" under pytest-xdist, else "master")."""
    number = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
    return f"{redis_url.rpartition('/')[0]}/{number % _REDIS_DATABASES}"


def _clear_killed_runs() -> None:
    """Remove what runs that were killed an hour ago or more could not."""
    for left_over in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(EmbeddedError, FileNotFoundError):  # in use, or another run was quicker
            if left_over.stat().st_mtime < time.time() - 3600:
                with DataFolder(left_over):
                    shutil.rmtree(left_over)


@contextmanager
def _running() -> Iterator[Servers]:
    _clear_killed_runs()
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with (
            DataFolder(directory) as folder,
            start_postgres(folder, settings=_POSTGRES_SETTINGS) as postgres,
            start_valkey(folder, databases=_REDIS_DATABASES) as valkey,
        ):
            yield Servers(postgres.url, valkey.url)
    finally:
        shutil.rmtree(directory)
