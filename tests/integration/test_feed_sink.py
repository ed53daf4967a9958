"""The sink of feeds and counters: a repeat changes nothing, the newest are kept, an id is where it was seen last."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from event_schemas.streams import START, Position
from event_schemas.topics import LOG
from projections.changes import Membership, OrderedPut, VersionedChange
from projections.sinks.redis import RedisSink
from tests.support.events import DEMO
from tests.support.projecting import NoDocuments, batch_of

CAP = 5
FEED = "feed:{demo}:user:ada"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
async def sink(client: Redis) -> RedisSink:
    """A sink that keeps five members of each feed at least."""
    sink = RedisSink(client=client, group="g", documents=NoDocuments(), feed_cap=CAP)
    assert await sink.held([LOG]) == {LOG: START}
    return sink


def line(position: int, text: str | None = None) -> OrderedPut:
    """A member of the one feed."""
    return OrderedPut("feed", (DEMO, "user:ada"), position, (text or f"line {position}").encode())


async def written(sink: RedisSink, *changes: VersionedChange) -> None:
    """The changes, in one batch."""
    await sink.write(batch_of(*changes), until={LOG: Position(1)})


async def feed(client: Redis) -> list[str]:
    """The feed's members, the oldest first."""
    return await members(client, FEED)


async def members(client: Redis, key: str) -> list[str]:
    """Of a sorted set, the lowest first."""
    found: Any = await client.zrange(key, 0, -1)
    return list(found)


def lines(first: int, last: int) -> list[str]:
    """The members of these positions."""
    return [f"line {position}" for position in range(first, last + 1)]


async def test_a_position_has_one_member(sink: RedisSink, client: Redis) -> None:
    """A repeat replaces it, whatever it says now; the others stay where they are."""
    await written(sink, line(1), line(2), line(3))
    await written(sink, line(2, "another two"), line(3))
    assert await feed(client) == ["line 1", "another two", "line 3"]


async def test_a_feed_is_trimmed_only_above_twice_the_cap(sink: RedisSink, client: Redis) -> None:
    """Then the newest remain, as many as the cap says."""
    await written(sink, *map(line, range(1, 2 * CAP + 1)))
    assert await feed(client) == lines(1, 10)
    await written(sink, line(11))
    assert await feed(client) == lines(7, 11)


async def test_what_was_trimmed_stays_away(sink: RedisSink, client: Redis) -> None:
    """When a batch from before the trimming comes again."""
    await written(sink, *map(line, range(1, 12)))
    await written(sink, *map(line, range(1, 12)))
    assert await feed(client) == lines(7, 11)


async def test_trimming_does_not_depend_on_batches(sink: RedisSink, client: Redis) -> None:
    """Live = rebuilt: one by one, all at once, or with repeats, the same members are there."""
    await written(sink, *map(line, range(1, 38)))
    at_once = await feed(client)
    for seed in range(20):
        random = Random(seed)
        await client.delete(FEED)
        done = 0
        while done < 37:
            begin = max(1, done + 1 - random.randrange(4))
            done = min(37, done + random.randrange(1, 9))
            await written(sink, *map(line, range(begin, done + 1)))
        assert await feed(client) == at_once


async def test_the_mark_of_a_whole_feed_is_trimmed_first(sink: RedisSink, client: Redis) -> None:
    """So that a feed that was trimmed is not taken for whole."""
    await client.zadd(FEED, {"": 0})
    await written(sink, *map(line, range(1, 2 * CAP)))
    assert (await feed(client))[0] == ""
    await written(sink, line(10))
    assert await feed(client) == lines(6, 10)


def stands(version: int, *sets: str, entity: str = "a", rank: int = 0) -> Membership:
    """The sets of an entity at a version."""
    return Membership("counter", (DEMO, entity), version, dict.fromkeys(sets, rank))


async def sets(client: Redis) -> dict[str, list[str]]:
    """The members of each set."""
    keys = [key async for key in client.scan_iter("counter:{demo}:set:*")]
    return {key.removeprefix("counter:{demo}:set:"): await members(client, key) for key in keys}


async def test_an_id_moves_between_sets(sink: RedisSink, client: Redis) -> None:
    """It is in all the sets of its newest version and in no other; another id is not touched."""
    await written(sink, stands(1, "all:open", "bo:open"), stands(1, "all:open", entity="b"))
    assert await sets(client) == {"all:open": ["a", "b"], "bo:open": ["a"]}
    await written(sink, stands(2, "all:won", "bo:won"))
    assert await sets(client) == {"all:open": ["b"], "all:won": ["a"], "bo:won": ["a"]}
    await written(sink, stands(3))
    assert await sets(client) == {"all:open": ["b"]}


async def test_an_older_or_equal_version_moves_nothing(sink: RedisSink, client: Redis) -> None:
    """Versions are compared as numbers; what left all sets stays away too."""
    await written(sink, stands(10, "all:won"))
    for late in (stands(9, "all:open"), stands(10, "all:open"), stands(2)):
        await written(sink, late)
    assert await sets(client) == {"all:won": ["a"]}
    await written(sink, stands(11))
    await written(sink, stands(10, "all:won"))
    assert await sets(client) == {}


async def test_another_rank_is_another_place_in_the_set(sink: RedisSink, client: Redis) -> None:
    """A task that is due later is further up."""
    await written(sink, stands(1, "all:due", rank=1_700_000_000_000_001))
    assert await client.zcount("counter:{demo}:set:all:due", "-inf", "(1700000000000001") == 0
    await written(sink, stands(2, "all:due", rank=1_700_000_000_000_000))
    assert await client.zcount("counter:{demo}:set:all:due", "-inf", "(1700000000000001") == 1


Versions = st.lists(st.sets(st.sampled_from(["all:open", "all:won", "bo:open"])), min_size=1, max_size=6)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=Versions, order=st.randoms(use_true_random=False))
async def test_the_last_version_wins_in_any_order(redis_url: str, versions: list[set[str]], order: Random) -> None:
    """Repeats and late comers, in batches of one: what remains is what the newest version says."""
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        await client.flushdb()
        sink = RedisSink(client=client, group="g", documents=NoDocuments())
        await sink.held([LOG])
        changes = [stands(number, *names) for number, names in enumerate(versions, start=1)] * 2
        order.shuffle(changes)
        for change in changes:
            await written(sink, change)
        assert await sets(client) == {name: ["a"] for name in versions[-1]}


async def test_a_store_filled_by_other_views_begins_again(client: Redis) -> None:
    """A view that is new is not in there; the same views find what they left."""
    before = RedisSink(client=client, group="g", documents=NoDocuments(), views="cards")
    await before.held([LOG])
    await before.write(batch_of(), until={LOG: Position(7)})
    assert await RedisSink(client=client, group="g", documents=NoDocuments(), views="cards").held([LOG]) == {LOG: 7}
    assert await RedisSink(client=client, group="g", documents=NoDocuments(), views="cards feeds").held([LOG]) == {
        LOG: START
    }
