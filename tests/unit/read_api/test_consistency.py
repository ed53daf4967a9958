"""Waiting for tokens: in time, too late, in vain."""

from collections.abc import Collection, Mapping, Sequence

import pytest

from event_schemas.streams import Position, StreamName, TenantId
from event_schemas.token import ConsistencyToken
from event_schemas.topics import LOG, Lane, lane_of
from read_api.consistency import Consistency, lanes_of
from read_api.errors import ApiError, Code
from read_api.watermarks import Watermarks

DEMO = TenantId("demo")


class Views:
    """Where the views are, and how often that was asked."""

    def __init__(self, position: int = 0) -> None:
        self.position = position
        self.asked = 0
        self.error: Exception | None = None

    async def read(self, lanes: Collection[Lane]) -> Mapping[Lane, Position]:
        """What the database says of each lane."""
        self.asked += 1
        if self.error is not None:
            raise self.error
        return dict.fromkeys(lanes, Position(self.position))


async def nothing_parked(_tenant: TenantId, _streams: Sequence[StreamName], _until: Position) -> Sequence[str]:
    """All streams are well."""
    return ()


def token(position: int, stream: str = "deal-demo~1") -> str:
    """A token as clients send it."""
    return ConsistencyToken(((StreamName(stream), Position(position)),)).encode()


def code_of(error: pytest.ExceptionInfo[ApiError]) -> str:
    """The code of a refusal."""
    return str((error.value.extensions or {})["code"])


async def test_what_was_reached_is_not_asked_for() -> None:
    """Views that were told to be far enough answer without a question."""
    views = Views()
    watermark = Watermarks(views.read)
    watermark.advanced(Position(5))
    await Consistency(watermark, nothing_parked).wait_for_all(DEMO, [token(5)])
    assert views.asked == 0


async def test_views_that_do_not_come_are_stale() -> None:
    """After the time that is waited, and nobody is left waiting."""
    watermark = Watermarks(Views().read, poll_seconds=0.01)
    with pytest.raises(ApiError) as error:
        await Consistency(watermark, nothing_parked, wait_seconds=0.05).wait_for_all(DEMO, [token(1)])
    assert code_of(error) == Code.READ_STALE
    await watermark.close()


async def test_a_database_that_cannot_be_asked_is_no_staleness() -> None:
    """Its own error, a timeout included, reaches whoever waits."""
    views = Views()
    for failure in (ConnectionRefusedError("down"), TimeoutError("slow")):
        views.error = failure
        with pytest.raises(type(failure), match=str(failure)):
            await Consistency(Watermarks(views.read), nothing_parked).wait_for_all(DEMO, [token(1)])


async def test_a_parked_stream_is_stale_with_its_reason() -> None:
    """Waiting longer would not help."""

    async def parked(tenant: TenantId, streams: Sequence[StreamName], until: Position) -> Sequence[str]:
        assert (tenant, list(streams), until) == (DEMO, ["deal-demo~1"], 4)
        return ["deal.won at position 3: cannot be read"]

    with pytest.raises(ApiError, match="cannot be read") as error:
        await Consistency(Watermarks(Views(9).read), parked).wait_for_all(DEMO, [token(4)])
    assert code_of(error) == Code.READ_STALE


@pytest.mark.parametrize(
    "text", ["", "x", token(1, "deal-other~1"), token(1, "garbage"), token(1)[:-2] + "__", "\udc80"]
)
async def test_a_token_that_is_not_the_tenants_is_refused(text: str) -> None:
    """Garbage and other tenants' tokens, without waiting."""
    with pytest.raises(ApiError) as error:
        await Consistency(Watermarks(Views().read), nothing_parked).wait_for_all(DEMO, [text])
    assert code_of(error) == Code.BAD_REQUEST


async def test_no_token_and_an_empty_one_wait_for_nothing() -> None:
    """A command that changed nothing in an empty stream has a token that names nothing."""
    await Consistency(Watermarks(Views().read), nothing_parked).wait_for_all(DEMO, [ConsistencyToken(()).encode()])
    await Consistency(Watermarks(Views().read), nothing_parked).wait_for_all(DEMO, [])


async def test_streams_of_one_lane_are_waited_for_to_the_furthest() -> None:
    """The lanes of a token are those in which its streams are read, each with the last position that is named."""
    first, second = StreamName("deal-demo~1"), StreamName("lead-demo~2")
    written = ((first, Position(3)), (second, Position(8)), (first, Position(5)))
    assert lanes_of(ConsistencyToken(written)) == {lane_of(first): 5, lane_of(second): 8}


async def test_all_lanes_are_waited_for_when_that_is_wanted() -> None:
    """To the furthest position that is named, wherever its own stream is read."""
    asked: list[Collection[Lane]] = []

    async def read(lanes: Collection[Lane]) -> Mapping[Lane, Position]:
        asked.append(lanes)
        return dict.fromkeys(lanes, Position(4))

    texts = [token(3), token(5, "lead-demo~2")]
    watermark = Watermarks(read, poll_seconds=0.01)
    with pytest.raises(ApiError) as error:
        await Consistency(watermark, nothing_parked, wait_seconds=0.05).wait_for_all(DEMO, texts, in_all_lanes=True)
    assert code_of(error) == Code.READ_STALE
    assert all(set(lanes) == {LOG} for lanes in asked)
    await Consistency(watermark, nothing_parked).wait_for_all(DEMO, texts[:1], in_all_lanes=True)
    await watermark.close()
