"""Event stores over protocol doubles of EventStoreDB / KurrentDB, for tests that need nobody's keys."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from event_schemas.envelope import StoredEvent
from event_schemas.ports import ANY, EventFilter
from event_schemas.streams import START, Position
from tests.support.kurrent_double import KurrentDouble
from tests.support.secrets import MASTER
from write_side.adapters.kurrentdb import KurrentEventStore

NO_POSTGRES = "postgresql://127.0.0.1:1/none"
"""Nothing listens there; no test asks it that has no personal data."""
QUICK = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
"""Pauses of a store whose server is back at once."""


@asynccontextmanager
async def kurrent_store(
    double: KurrentDouble | str, *, pauses: Sequence[float] = QUICK, postgres_url: str = NO_POSTGRES
) -> AsyncIterator[KurrentEventStore]:
    """A store over a double, or over the server that a URL names."""
    url = double if isinstance(double, str) else double.url
    store = await KurrentEventStore.connect(url, postgres_url=postgres_url, secret=MASTER, pauses=pauses)
    try:
        yield store
    finally:
        await store.close()


async def everything(store: KurrentEventStore, where: EventFilter = ANY) -> Sequence[StoredEvent]:
    """All events of the log."""
    return await store.read_all(after=START, limit=1_000_000, where=where)


async def followed(store: KurrentEventStore, count: int, *, after: Position = START) -> list[StoredEvent]:
    """What a follower gets, until it has so many."""
    events: list[StoredEvent] = []
    async for batch in store.follow(after=after):
        events += batch
        if len(events) >= count:
            break
    return events
