"""`crm stack`: the servers of the full profile on this machine, in the foreground."""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from replay_tools.embedded.elasticsearch import begin_elasticsearch
from replay_tools.embedded.errors import ServerFailed
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.kafka import start_kafka
from replay_tools.embedded.postgres import start_postgres
from replay_tools.embedded.process import Child
from replay_tools.embedded.valkey import start_valkey
from replay_tools.settings import STACK_FILE

FOLDER: Final = "stack"
"""Inside the data folder, which stays free for `crm up`."""

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# the API, the relay and the workers each have pools of their own
_POSTGRES_SETTINGS: Final = {"max_connections": "150"}


@dataclass(frozen=True, kw_only=True)
class Server:
    """One running server of the stack."""

    variable: str
    version: str
    url: str
    child: Child


def run(data: Path) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises EmbeddedError with a message of one line."""
    with _interruptible(), DataFolder(data / FOLDER) as folder:
        begun = time.monotonic()
        file = folder.path.parent / STACK_FILE
        file.unlink(missing_ok=True)  # of one that was killed
        with _servers(folder) as servers, _written(file, servers):
            _tell(servers, file, time.monotonic() - begun)
            _until_one_ends([server.child for server in servers])


@contextmanager
def _servers(folder: DataFolder) -> Iterator[list[Server]]:
    """All of them, started and ended beside one another as far as they can."""
    with ExitStack() as stack:
        coming = stack.enter_context(begin_elasticsearch(folder, say=_progress))
        kafka = stack.enter_context(start_kafka(folder, say=_progress))
        postgres = stack.enter_context(start_postgres(folder, settings=_POSTGRES_SETTINGS))
        valkey = stack.enter_context(start_valkey(folder))
        _progress("Waiting for Elasticsearch, which takes longest ...")
        elasticsearch = coming.ready()
        children = [each.child for each in (kafka, elasticsearch, postgres, valkey)]
        stack.callback(_begin_stop, children)
        yield [
            Server(variable="CRM_KAFKA_URL", version=kafka.version, url=kafka.url, child=kafka.child),
            Server(
                variable="CRM_ELASTICSEARCH_URL",
                version=elasticsearch.version,
                url=elasticsearch.url,
                child=elasticsearch.child,
            ),
            Server(variable="CRM_POSTGRES_URL", version=postgres.version, url=postgres.url, child=postgres.child),
            Server(variable="CRM_REDIS_URL", version=valkey.version, url=valkey.url, child=valkey.child),
        ]


def _begin_stop(children: list[Child]) -> None:
    for child in children:
        child.begin_stop()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Whatever tells this process to end does so as Ctrl-C does, also where a shell had that ignored."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in _ENDING}
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _written(file: Path, servers: list[Server]) -> Iterator[None]:
    """The addresses, with their passwords, for this user only and as long as they are right."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as text:
        text.writelines(f"{server.variable}={server.url}\n" for server in servers)
    draft.rename(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _tell(servers: list[Server], file: Path, seconds: float) -> None:
    _progress(f"The stack is ready after {seconds:.1f} s.")
    for server in servers:
        _progress(f"  {f'{server.child.name} {server.version}':24}{server.url.rpartition('@')[2]}")
    _progress(f"The addresses with their passwords, also in {file} as long as this runs:")
    sys.stdout.writelines(f"{server.variable}={server.url}\n" for server in servers)
    sys.stdout.flush()
    _progress("Ctrl-C stops everything.")


def _until_one_ends(children: list[Child]) -> None:
    """Returns by a signal only; raises ServerFailed when a server ends by itself."""
    poll = select.poll()
    handles = {os.pidfd_open(child.process.pid): child for child in children}
    try:
        for handle in handles:
            poll.register(handle, select.POLLIN)
        ended = handles[poll.poll()[0][0]]
    finally:
        for handle in handles:
            os.close(handle)
    code = ended.process.wait()
    raise ServerFailed(f"{ended.name} ended by itself (exit code {code}; log: {ended.log}): start again")


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
