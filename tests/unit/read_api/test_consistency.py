"""Waiting for views: told, asked, in time and too late."""

import asyncio
from collections.abc import Sequence

import pytest

from event_schemas.streams import Position, StreamName, TenantId
from event_schemas.token import ConsistencyToken
from read_api.consistency import Consistency, Watermark
from read_api.errors import ApiError, Code

DEMO = TenantId("demo")


class Views:
    """Where the views are, and how often that was asked."""

    def __init__(self, position: int = 0) -> None:
        self.position = position
        self.asked = 0
        self.asked_often = asyncio.Event()
        self.error: Exception | None = None

    async def read(self) -> Position:
        """What the database says."""
        self.asked += 1
        if self.asked >= 3:
            self.asked_often.set()
        if self.error is not None:
            raise self.error
        return Position(self.position)


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
    watermark = Watermark(views.read)
    watermark.advanced(Position(5))
    await Consistency(watermark, nothing_parked).wait_for_all(DEMO, [token(5)])
    assert views.asked == 0


async def test_whoever_waits_is_woken_when_told() -> None:
    """In one process no poll has to come first."""
    watermark = Watermark(Views().read, poll_seconds=60)
    waiting = asyncio.create_task(watermark.reached(Position(3)))
    await asyncio.sleep(0)
    watermark.advanced(Position(3))
    await asyncio.wait_for(waiting, 5)
    await watermark.close()


async def test_many_waiters_share_one_poll_and_it_stops_with_them() -> None:
    """The database is asked once per interval however many wait, and not at all when nobody does."""
    views = Views()
    watermark = Watermark(views.read, poll_seconds=0.002)
    waiting = [asyncio.create_task(watermark.reached(Position(3))) for _ in range(50)]
    await views.asked_often.wait()
    views.position = 3
    await asyncio.wait_for(asyncio.gather(*waiting), 5)
    asked = views.asked
    assert asked < 50
    await asyncio.sleep(0.05)
    assert views.asked <= asked + 1


async def test_views_that_do_not_come_are_stale() -> None:
    """After the time that is waited, and nobody is left waiting."""
    watermark = Watermark(Views().read, poll_seconds=0.01)
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
            await Consistency(Watermark(views.read), nothing_parked).wait_for_all(DEMO, [token(1)])


async def test_a_parked_stream_is_stale_with_its_reason() -> None:
    """Waiting longer would not help."""

    async def parked(tenant: TenantId, streams: Sequence[StreamName], until: Position) -> Sequence[str]:
        assert (tenant, list(streams), until) == (DEMO, ["deal-demo~1"], 4)
        return ["deal.won at position 3: cannot be read"]

    with pytest.raises(ApiError, match="cannot be read") as error:
        await Consistency(Watermark(Views(9).read), parked).wait_for_all(DEMO, [token(4)])
    assert code_of(error) == Code.READ_STALE


@pytest.mark.parametrize(
    "text", ["", "x", token(1, "deal-other~1"), token(1, "garbage"), token(1)[:-2] + "__", "\udc80"]
)
async def test_a_token_that_is_not_the_tenants_is_refused(text: str) -> None:
    """Garbage and other tenants' tokens, without waiting."""
    with pytest.raises(ApiError) as error:
        await Consistency(Watermark(Views().read), nothing_parked).wait_for_all(DEMO, [text])
    assert code_of(error) == Code.BAD_REQUEST


async def test_no_token_and_an_empty_one_wait_for_nothing() -> None:
    """A command that changed nothing in an empty stream has a token that names nothing."""
    await Consistency(Watermark(Views().read), nothing_parked).wait_for_all(DEMO, [ConsistencyToken(()).encode()])
    await Consistency(Watermark(Views().read), nothing_parked).wait_for_all(DEMO, [])
