"""The full profile: relay and workers in processes of their own, between the event store and the views."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Final, NamedTuple

import asyncpg

from event_schemas.streams import Position
from projections.catalog import CARDS, POSTGRES, SEARCH
from projections.engines.store import GroupStatus
from read_api.bootstrap import Addresses
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.process import Child, spawn
from replay_tools.ending import Unavailable
from replay_tools.reaching import POSTGRES_SCHEMES
from replay_tools.settings import Settings

STOP_SECONDS: Final = 5.0
_GROUPS: Final = (POSTGRES.name, CARDS.name, SEARCH.name)
_POSITION: Final = "select view_position($1)"


class Workers(NamedTuple):
    """What carries events to the views."""

    really: str
    children: tuple[Child, ...]


@contextmanager
def workers(settings: Settings, folder: DataFolder, addresses: Addresses) -> Iterator[Workers]:
    """A relay and a worker of all view groups, on tables that are there; ended with the context.

    Raises Unavailable when Kafka or Elasticsearch has no address, or the topics cannot be made.
    """
    kafka_url = _needed("CRM_KAFKA_URL", settings.kafka_url)
    elasticsearch_url = _needed("CRM_ELASTICSEARCH_URL", addresses.elasticsearch_url)
    variables = {
        "CRM_EVENT_STORE_URL": addresses.event_store_url,
        "CRM_POSTGRES_URL": addresses.postgres_url,
        "CRM_REDIS_URL": addresses.redis_url,
        "CRM_KAFKA_URL": kafka_url,
        "CRM_KAFKA_PREFIX": settings.kafka_prefix,
        "CRM_ELASTICSEARCH_URL": elasticsearch_url,
        "CRM_MASTER_SECRET": settings.master_key(folder).decode(),
    }
    with ExitStack() as stack:
        children = []
        for name, words in (("topics", ["topics", "apply"]), ("relay", ["relay"]), ("worker", ["worker"])):
            child = _started(name, words, folder, variables)
            stack.callback(child.stop)
            if name == "topics":
                _succeeded(child)
            else:
                children.append(child)
        yield Workers(f"Kafka at {kafka_url}, Faust", tuple(children))


def kind_of_store(url: str) -> str:
    """What is at CRM_EVENT_STORE_URL."""
    kind = "PostgreSQL" if url.startswith(POSTGRES_SCHEMES) else "KurrentDB"
    return f"{kind} at CRM_EVENT_STORE_URL"


@asynccontextmanager
async def progress(postgres_url: str) -> AsyncIterator[Callable[[], Awaitable[Sequence[GroupStatus]]]]:
    """How far the view groups are that workers keep."""
    async with asyncpg.create_pool(postgres_url, min_size=0, max_size=1) as pool:

        async def asked() -> Sequence[GroupStatus]:
            return [GroupStatus(name, Position(await pool.fetchval(_POSITION, name))) for name in _GROUPS]

        yield asked


def _needed(name: str, value: str | None) -> str:
    if value is None:
        raise Unavailable(
            f"the full profile needs {name}: start the servers with `crm stack` on the same data folder, or set it"
        )
    return value


def _started(name: str, words: Sequence[str], folder: DataFolder, variables: dict[str, str]) -> Child:
    passed_on = {key: value for key, value in os.environ.items() if key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return spawn(
        name,
        [sys.executable, "-m", "replay_tools", *words],
        log=folder.path / f"{name}.log",
        stop_signals=((signal.SIGTERM, STOP_SECONDS),),
        variables={**passed_on, **variables},
    )


def _succeeded(child: Child) -> None:
    code = child.process.wait()
    if code != 0:
        said = child.log.read_text(errors="replace").strip().splitlines() or ["no message"]
        raise Unavailable(f"the topics could not be made: {said[-1]}")
