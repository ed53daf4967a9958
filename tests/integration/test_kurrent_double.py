"""The protocol double keeps the rules of EventStoreDB / KurrentDB on which the platform leans, as clients see them."""

import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.kurrent_double import KurrentDouble
from write_side.adapters.kurrent_connection import KurrentConnection
from write_side.adapters.kurrent_library import Library, library


@pytest.fixture
def client() -> Library:
    """Names of whichever client is installed."""
    return library()


@pytest.fixture
async def connection(double: KurrentDouble) -> AsyncIterator[KurrentConnection]:
    """The client, without anything of the store."""
    one = KurrentConnection.to(double.url)
    yield one
    await one.close()


def events(*ids: UUID) -> list[Any]:
    """With these ids."""
    return [library().new_event(type="Happened", data=b"{}", id=id) for id in ids]


async def append(connection: KurrentConnection, expected: Any, *ids: UUID, stream: str = "s-1") -> int:
    """At an expected revision or state; the position."""
    position: int = await connection.call("append_to_stream", stream, current_version=expected, events=events(*ids))
    return position


def state(name: str) -> Any:
    """ANY, EXISTS or NO_STREAM."""
    return getattr(type(library().no_stream), name)


async def test_a_wrong_expectation_is_refused(connection: KurrentConnection, client: Library) -> None:
    """A revision behind or ahead, a stream that is there or is not; nothing is stored."""
    with pytest.raises(client.wrong_version):
        await append(connection, state("EXISTS"), uuid4())
    with pytest.raises(client.wrong_version):
        await append(connection, 0, uuid4())
    await append(connection, client.no_stream, uuid4(), uuid4())
    for expected in (client.no_stream, 0, 2):
        with pytest.raises(client.wrong_version):
            await append(connection, expected, uuid4())
    await append(connection, state("EXISTS"), uuid4())
    assert [record.stream_position for record in await connection.read("read_stream", "s-1")] == [0, 1, 2]


async def test_a_repeat_of_the_same_ids_succeeds_where_they_are(connection: KurrentConnection, client: Library) -> None:
    """With the position of the first time; half of them known and half new is refused; at the head they are new."""
    one, two, three = uuid4(), uuid4(), uuid4()
    position = await append(connection, client.no_stream, one, two)
    assert await append(connection, client.no_stream, one, two) == position
    assert await append(connection, 0, two) == position
    for expected, ids in ((client.no_stream, (one, three)), (0, (two, three)), (client.no_stream, (two, one))):
        with pytest.raises(client.wrong_version):
            await append(connection, expected, *ids)
    assert await append(connection, 1, one) > position
    assert await append(connection, state("ANY"), two) == position
    with pytest.raises(client.wrong_version):
        await append(connection, state("ANY"), two, uuid4())
    assert len(await connection.read("read_stream", "s-1")) == 3


async def test_positions_are_sparse_and_must_exist(
    double: KurrentDouble, connection: KurrentConnection, client: Library
) -> None:
    """A read of $all begins at a record; from anywhere else it fails, as a subscription does."""
    double.log.links = False
    await append(connection, client.no_stream, uuid4(), uuid4(), uuid4())
    records = await connection.read("read_all", filter_exclude=())
    positions = [record.commit_position for record in records]
    assert len(records) == 5
    assert min(later - earlier for earlier, later in pairwise(positions)) > 1
    again = await connection.read("read_all", commit_position=positions[2], filter_exclude=())
    assert [record.commit_position for record in again] == positions[2:]
    back = await connection.read("read_all", commit_position=positions[2], backwards=True, filter_exclude=())
    assert [record.commit_position for record in back] == positions[2::-1]
    with pytest.raises(client.error, match="invalid position"):
        await connection.read("read_all", commit_position=positions[2] + 1)


async def test_metadata_hides_events(connection: KurrentConnection, client: Library) -> None:
    """$maxCount, $maxAge and $tb count for who reads the stream; $all still has everything."""
    await append(connection, client.no_stream, *(uuid4() for _ in range(5)))

    async def seen_with(metadata: dict[str, int]) -> list[int]:
        event = client.new_event(type="$metadata", data=json.dumps(metadata).encode())
        await connection.call("append_to_stream", "$$s-1", current_version=state("ANY"), events=[event])
        return [record.stream_position for record in await connection.read("read_stream", "s-1")]

    assert await seen_with({"$maxCount": 2}) == [3, 4]
    assert await seen_with({"$tb": 1}) == [1, 2, 3, 4]
    assert await seen_with({"$maxAge": 3600}) == [0, 1, 2, 3, 4]
    with pytest.raises(client.not_found):
        await seen_with({"$maxAge": 0})
    assert len(await connection.read("read_all", filter_include=("Happened",))) == 5


async def test_a_deleted_stream_goes_on_where_it_ended(connection: KurrentConnection, client: Library) -> None:
    """It cannot be found, and an append that expects no stream brings it back; a tombstone is for ever."""
    await append(connection, client.no_stream, uuid4(), uuid4())
    with pytest.raises(client.wrong_version):
        await connection.call("delete_stream", "s-1", current_version=0)
    await connection.call("delete_stream", "s-1", current_version=1)
    with pytest.raises(client.not_found):
        await connection.read("read_stream", "s-1")
    await append(connection, client.no_stream, uuid4())
    await connection.call("tombstone_stream", "s-1", current_version=state("ANY"))
    with pytest.raises(client.final):
        await append(connection, state("ANY"), uuid4())
    with pytest.raises(client.final):
        await connection.read("read_stream", "s-1")


async def test_the_server_links_events_by_category_and_type(double: KurrentDouble, client: Library) -> None:
    """$ce-<category> and $et-<type> hold links, which are resolved for who asks."""
    connection = KurrentConnection.to(double.url)
    await append(connection, client.no_stream, uuid4(), uuid4())
    await append(connection, client.no_stream, uuid4(), stream="t-1")
    for stream, expected in (("$ce-s", ["s-1", "s-1"]), ("$et-Happened", ["s-1", "s-1", "t-1"])):
        links = await connection.read("read_stream", stream)
        assert {record.type for record in links} == {"$>"}
        events = await connection.read("read_stream", stream, resolve_links=True)
        assert [record.stream_name for record in events] == expected
    await connection.close()


async def test_a_subscription_confirms_catches_up_and_goes_on(
    double: KurrentDouble, connection: KurrentConnection, client: Library
) -> None:
    """After the position that it is given, with checkpoints where its filter leaves out much, until it is stopped."""
    first = await append(connection, client.no_stream, uuid4())
    options = {"filter_include": ("Happened",), "include_checkpoints": True, "window_size": 10}
    async with connection.subscribed("subscribe_to_all", commit_position=first, **options) as subscription:
        second = await append(connection, 0, uuid4())
        assert (await anext(subscription)).commit_position == second
        for number in range(60):
            await connection.call(
                "append_to_stream",
                f"noise-{number}",
                current_version=client.no_stream,
                events=[client.new_event(type="Noise", data=b"{}")],
            )
        checkpoint = await anext(subscription)
        assert isinstance(checkpoint, client.checkpoint)
        assert checkpoint.commit_position in [record.position for record in double.log.records]


async def test_data_survives_a_restart(double: KurrentDouble, connection: KurrentConnection, client: Library) -> None:
    """The same log at the same port."""
    await append(connection, client.no_stream, uuid4())
    url = double.url
    await double.restart()
    assert double.url == url
    again = KurrentConnection.to(url)
    assert len(await again.read("read_stream", "s-1")) == 1
    await again.close()
