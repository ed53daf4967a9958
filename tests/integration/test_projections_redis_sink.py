"""The sink of the cards: versions only go up, deletes stay deleted, and a store that forgot is found out."""

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from redis.asyncio import Redis

from event_schemas.streams import START, Position
from event_schemas.topics import LOG
from projections.bootstrap import cards_runner, redis_client
from projections.changes import VersionedChange, VersionedDelete, VersionedPut
from projections.errors import SinkLost, SinkUnavailable
from projections.sinks.redis import RedisSink
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.valkey import start_valkey
from tests.support.events import DEMO, Log, some_id
from tests.support.histories import deal_opened, everything
from tests.support.network import free_port
from tests.support.projecting import NoDocuments, batch_of
from tests.support.views import entries, project_cards, rows

KEY = (DEMO, "a")


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def sink(client: Redis) -> RedisSink:
    """A sink of the group g that has begun."""
    sink = RedisSink(client=client, group="g", documents=NoDocuments())
    assert await sink.held([LOG]) == {LOG: START}
    return sink


def put(version: int, name: str) -> VersionedPut:
    """A version of the one card."""
    return VersionedPut("card", KEY, version, {"name": name})


async def written(sink: RedisSink, *changes: VersionedChange, until: int = 1) -> None:
    """The changes, in one batch."""
    await sink.write(batch_of(*changes), until={LOG: Position(until)})


async def card(redis_url: str) -> dict[str, str]:
    """What is under the key."""
    return (await entries(redis_url)).get("card:demo:a", {})


async def test_a_newer_version_replaces_and_an_older_or_equal_one_does_not(sink: RedisSink, redis_url: str) -> None:
    """Versions are compared as numbers: 10 is after 9."""
    await written(sink, put(9, "nine"))
    assert await card(redis_url) == {"version": "9", "body": '{"name":"nine"}'}
    await written(sink, put(10, "ten"))
    for late in (put(9, "nine"), put(10, "another ten"), put(2, "two")):
        await written(sink, late)
    assert await card(redis_url) == {"version": "10", "body": '{"name":"ten"}'}


async def test_a_batch_writes_the_newest_version_of_each(sink: RedisSink, redis_url: str) -> None:
    """However many there are of one entry."""
    await written(sink, *(put(version, f"v{version}") for version in range(1, 2_500)))
    assert await card(redis_url) == {"version": "2499", "body": '{"name":"v2499"}'}


async def test_a_delete_leaves_a_tombstone_with_its_version(sink: RedisSink, redis_url: str) -> None:
    """No older put brings the entry back; a newer one does."""
    await written(sink, put(3, "three"))
    await written(sink, VersionedDelete("card", KEY, 2))
    assert await card(redis_url) == {"version": "3", "body": '{"name":"three"}'}
    await written(sink, VersionedDelete("card", KEY, 4))
    assert await card(redis_url) == {"version": "4"}
    await written(sink, put(4, "four"), put(3, "three"))
    assert await card(redis_url) == {"version": "4"}
    await written(sink, put(5, "five"))
    assert await card(redis_url) == {"version": "5", "body": '{"name":"five"}'}


async def test_a_server_that_forgot_the_scripts_is_told_again(tmp_path: Path) -> None:
    """As after a failover to a replica that never ran them. On its own server, whose databases share their scripts."""
    with DataFolder(tmp_path / "own") as folder, start_valkey(folder) as own:
        async with Redis.from_url(own.url) as client:
            sink = RedisSink(client=client, group="g", documents=NoDocuments())
            await sink.held([LOG])
            await written(sink, put(1, "one"))
            await client.script_flush()
            await written(sink, put(2, "two"))
        assert await card(own.url) == {"version": "2", "body": '{"name":"two"}'}


async def test_a_store_that_was_emptied_is_found_out(sink: RedisSink, client: Redis) -> None:
    """Between two batches, and as soon as it is asked."""
    await written(sink, put(1, "one"), until=7)
    await client.flushdb()
    with pytest.raises(SinkLost, match="acknowledged of log/0"):
        await written(sink, put(2, "two"), until=8)
    assert await sink.held([LOG]) == {LOG: START}


async def test_a_store_that_is_ahead_stays_ahead(sink: RedisSink, client: Redis) -> None:
    """After a crash between its acknowledgement and the watermark, the batch comes again in other sizes."""
    await written(sink, put(1, "one"), until=7)
    successor = RedisSink(client=client, group="g", documents=NoDocuments())
    assert await successor.held([LOG]) == {LOG: 7}
    await written(successor, put(1, "one"), until=5)
    assert await sink.held([LOG]) == {LOG: 7}


async def test_a_server_that_is_away_is_unavailable() -> None:
    """Nobody answers at the port."""
    async with redis_client(f"redis://127.0.0.1:{free_port()}") as client:
        sink = RedisSink(client=client, group="g", documents=NoDocuments())
        with pytest.raises(SinkUnavailable, match="Redis"):
            await sink.held([LOG])
        with pytest.raises(SinkUnavailable, match="Redis"):
            await written(sink, put(1, "one"))


async def test_the_group_begins_again_when_its_store_was_emptied(
    crm_database: str, redis_url: str, client: Redis
) -> None:
    """The cards are made anew from the log: the same as before, dead letters included."""
    events = everything(Random(4), 300)
    await project_cards(crm_database, redis_url, events)
    before = await entries(redis_url), await rows(crm_database)
    await client.flushdb()
    async with cards_runner(crm_database, redis_url) as runner:
        await runner.resume()
        assert runner.positions == {LOG: START}
        await runner.project(events)
    assert (await entries(redis_url), await rows(crm_database)) == before


async def test_a_card_is_found_under_tenant_and_id(crm_database: str, redis_url: str) -> None:
    """The form that the API reads."""
    log = Log()
    log.append("deal", some_id("deal"), deal_opened())
    await project_cards(crm_database, redis_url, log.events)
    body = f'{{"id":"{some_id("deal")}","kind":"deal","name":"Crane 7","version":1,"position":1}}'
    found = await entries(redis_url)
    assert found[f"card:demo:{some_id('deal')}"] == {"version": "1", "body": body}
    assert found["view_group:cards"]["log/0"] == "1"
