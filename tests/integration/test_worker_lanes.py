"""What a worker makes of its partitions: whatever comes twice, late, broken or never, the rows are those of the log."""

from collections.abc import Sequence
from random import Random

import asyncpg
import msgspec
import pytest

from event_schemas.envelope import StoredEvent
from event_schemas.ports import ANY, EventFilter, EventLog, EventLogUnavailable
from event_schemas.relayed import NOTHING
from event_schemas.streams import Position
from event_schemas.topics import ENTITY_LANES, Lane, lane_of
from projections.engines import lanes
from tests.support.events import store
from tests.support.following import drive, lane_follower, reached
from tests.support.histories import everything
from tests.support.lane_source import LaneSource, Sent, records_of, relayed_of
from tests.support.worker_views import by_one_pass, views

EVENTS = everything(Random(11), 700)
HEAD = EVENTS[-1].position
RELAYED = relayed_of(EVENTS)


@pytest.fixture(autouse=True)
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watchdog looks after every step."""
    monkeypatch.setattr(lanes, "_CHECK_EVERY_S", 0.0)


class CountedLog:
    """The log, which counts the events that were read in it, and is away when told to be."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.read = 0
        self.is_away = False

    async def read_all(
        self, *, after: Position, limit: int, where: EventFilter = ANY, until: Position | None = None
    ) -> Sequence[StoredEvent]:
        """As the log."""
        if self.is_away:
            raise EventLogUnavailable("the event store does not answer")
        events = await self._log.read_all(after=after, limit=limit, where=where, until=until)
        self.read += len(events)
        return events

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)


async def test_all_of_kafka_gives_the_rows_of_the_log(postgres_url: str, crm_database: str) -> None:
    """Records of all lanes, out of step with one another: nothing is read in the log, and every row is there."""
    await store(crm_database, EVENTS)
    async with lane_follower(crm_database, relayed=lambda: NOTHING) as follower:
        source = LaneSource(records_of(EVENTS))
        await drive(follower, source, until=source.is_all_drained)
        assert (follower.status.gaps, follower.status.duplicates, follower.status.lanes) == (0, 0, len(ENTITY_LANES))
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_duplicated_late_and_stale_records_change_nothing(postgres_url: str, crm_database: str) -> None:
    """Each lane comes with pieces of its past between, as after a rebalance, and once more as a whole."""
    await store(crm_database, EVENTS)
    random = Random(2)
    log: dict[Lane, list[Sent]] = {}
    again = 0
    for lane, sent in records_of(EVENTS).items():
        mixed: list[Sent] = []
        for at, record in enumerate(sent):
            mixed.append(record)
            if random.random() < 0.2:
                start = random.randrange(at + 1)
                mixed += sent[start : at + 1]
        again += len(mixed)
        log[lane] = [msgspec.structs.replace(one, offset=2 * at) for at, one in enumerate(mixed + sent)]
    async with lane_follower(crm_database, relayed=lambda: RELAYED) as follower:
        source = LaneSource(log)
        source.lanes = ENTITY_LANES
        await drive(follower, source, until=lambda: reached(follower, HEAD)() and source.is_all_drained())
        assert follower.status.gaps <= len(log)  # the group began, and read the log
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)
    assert again > len(EVENTS)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_what_kafka_lost_is_read_in_the_log(seed: int, postgres_url: str, crm_database: str) -> None:
    """A third of the records is missing, at the beginnings and ends of lanes too; each is there, once."""
    await store(crm_database, EVENTS)
    random = Random(seed)
    log = {lane: [one for one in some if random.random() < 0.67] for lane, some in records_of(EVENTS).items()}
    lost = len(EVENTS) - sum(map(len, log.values()))
    known = [NOTHING]
    async with lane_follower(crm_database, relayed=lambda: known[0]) as follower:
        source = LaneSource(log, seed=seed)
        await drive(follower, source, until=source.is_all_drained)
        known[0] = RELAYED  # only now: so gaps are found by records first, the rest by the watchdog
        await drive(follower, source, until=reached(follower, HEAD))
        assert (follower.status.healed, follower.status.duplicates) == (lost, 0)
        assert follower.status.gaps > len(ENTITY_LANES)
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_a_record_that_holds_no_event_is_read_in_the_log(postgres_url: str, crm_database: str) -> None:
    """Garbage with the relay's headers is a gap of one; garbage without is nobody's, and counted."""
    await store(crm_database, EVENTS)
    log = records_of(EVENTS)
    deals = log[lane_of(next(event.stream for event in EVENTS if event.stream.startswith("deal-")))]
    deals[1] = msgspec.structs.replace(deals[1], value=b"\x00garbage")
    deals[-1] = msgspec.structs.replace(deals[-1], value=None)
    elsewhere = next(lane for lane, some in log.items() if some is not deals)
    stray = msgspec.structs.replace(deals[0], offset=1)
    nobody = Sent(offset=3, headers=[("position", b"x")], value=b"hello")
    log[elsewhere] = sorted([*log[elsewhere], stray, nobody], key=lambda one: one.offset)
    async with lane_follower(crm_database, relayed=lambda: NOTHING) as follower:
        source = LaneSource(log)
        await drive(follower, source, until=source.is_all_drained)
        assert follower.status.healed >= 2
        assert follower.status.foreign >= 1
        assert follower.status.parked == 0
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_a_group_that_begins_reads_the_log_once(postgres_url: str, crm_database: str) -> None:
    """Kafka has kept the last few records only: the rest comes from the log, in one pass for all lanes."""
    await store(crm_database, EVENTS)
    counted: list[CountedLog] = []

    def counting(log: EventLog) -> EventLog:
        counted.append(CountedLog(log))
        return counted[0]  # type: ignore[return-value]  # the rest by __getattr__

    async with lane_follower(crm_database, relayed=lambda: RELAYED, log=counting) as follower:
        source = LaneSource(records_of(EVENTS))
        for lane, some in source.log.items():
            source.first[lane] = some[-2].offset if len(some) > 1 else 0
        await drive(follower, source, until=lambda: reached(follower, HEAD)() and source.is_all_drained())
        assert counted[0].read == len(EVENTS)
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_another_owner_goes_on_at_the_stored_offset(postgres_url: str, crm_database: str) -> None:
    """Whoever takes a lane over reads on where PostgreSQL says: nothing comes twice, nothing is read in the log."""
    await store(crm_database, EVENTS)
    half = len(EVENTS) // 2
    log = records_of(EVENTS)
    async with lane_follower(crm_database, relayed=lambda: NOTHING) as first:
        source = LaneSource(records_of(EVENTS[:half]))
        await drive(first, source, until=source.is_all_drained)
    async with lane_follower(crm_database, relayed=lambda: RELAYED) as second:
        source = LaneSource(log)
        await drive(second, source, until=lambda: reached(second, HEAD)() and source.is_all_drained())
        begun = {lane_of(event.stream) for event in EVENTS[:half]}
        assert second.status.gaps == len(log.keys() - begun)  # lanes that begin are read in the log
        assert second.status.duplicates == 0
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_a_store_that_is_away_is_waited_for(postgres_url: str, crm_database: str) -> None:
    """The log cannot be read while it is needed: the group says so, parks nothing, and goes on when it is back."""
    await store(crm_database, EVENTS)
    counted: list[CountedLog] = []

    def away(log: EventLog) -> EventLog:
        counted.append(CountedLog(log))
        counted[0].is_away = True
        return counted[0]  # type: ignore[return-value]  # the rest by __getattr__

    async with lane_follower(crm_database, relayed=lambda: RELAYED, log=away) as follower:
        source = LaneSource({})
        for _ in range(8):
            await follower.step(source)
        assert follower.status.waits_for == "the event store does not answer"
        assert source.pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
        counted[0].is_away = False
        await drive(follower, source, until=reached(follower, HEAD))
        assert follower.status.parked == 0
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_lost_connections_are_made_anew(postgres_url: str, crm_database: str) -> None:
    """Every connection of the database ends now and then: batches roll back, and come again."""
    await store(crm_database, EVENTS)
    admin = await asyncpg.connect(postgres_url)
    name = crm_database.rpartition("/")[2].partition("?")[0]
    async with lane_follower(crm_database, relayed=lambda: NOTHING) as follower:
        source = LaneSource(records_of(EVENTS), seed=5)
        for _ in range(6):
            for _ in range(4):
                await follower.step(source)
            await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
        await drive(follower, source, until=lambda: source.is_all_drained() and follower.status.waits_for is None)
    await admin.close()
    assert source.pauses
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)
