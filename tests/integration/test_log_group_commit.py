"""Which appends go into which call: order, bounds, giving up, failing, closing."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from event_schemas.codec import seal
from event_schemas.envelope import EMPTY
from event_schemas.streams import Position, StreamName
from tests.contract.event_store import a_stream, amounts, origin
from tests.support.events import NOON
from write_side.adapters.group_commit import MAX_BYTES, Append, GroupCommit
from write_side.application.ports import EventStoreUnavailable


class Calls:
    """A store that answers its calls when the test says so."""

    def __init__(self) -> None:
        self.sent: list[Sequence[Append]] = []
        self.arrived = asyncio.Event()
        self._answers: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def __call__(self, appends: Sequence[Append]) -> None:
        self.sent.append(appends)
        self.arrived.set()
        if (failure := await self._answers.get()) is not None:
            raise failure
        for append in appends:
            append.stored(Position(1))

    def answer(self, calls: int = 1, failure: Exception | None = None) -> None:
        """Let so many calls end, those that are still to come included."""
        for _ in range(calls):
            self._answers.put_nowait(failure)


def an_append(stream: StreamName | None = None, *, size: int = 0) -> Append:
    """A command of one event, with a payload of at least that size."""
    name = stream or a_stream()
    (event,) = seal(amounts(1), stream=name, head=EMPTY, origin=origin(), recorded_at=NOON)
    return Append(name, 0, [msgspec.structs.replace(event, data=b" " * size)])


def submitted(commits: GroupCommit, *appends: Append) -> "asyncio.Future[list[Position | BaseException]]":
    """Hand them over together, and wait for all of them."""
    for append in appends:
        commits.submit(append)
    return asyncio.ensure_future(asyncio.gather(*map(position, appends), return_exceptions=True))


async def position(append: Append) -> Position:
    """The answer."""
    return await append


async def until(calls: Calls, count: int) -> None:
    """Return when so many calls were sent."""
    async with asyncio.timeout(10):
        while len(calls.sent) < count:
            await calls.arrived.wait()
            calls.arrived.clear()


async def test_what_waits_together_goes_together() -> None:
    """Appends handed over in one turn of the loop are one call, in their order."""
    calls = Calls()
    appends = [an_append() for _ in range(10)]
    done = submitted(GroupCommit(calls), *appends)
    calls.answer()
    assert await done == [1] * 10
    assert calls.sent == [appends]


async def test_a_call_has_one_append_of_a_stream() -> None:
    """Those behind it wait for its answer, and then go in their order, beside other streams."""
    calls, stream, other = Calls(), a_stream(), a_stream()
    first, second, third = (an_append(stream) for _ in range(3))
    beside, later = an_append(other), an_append(other)
    done = submitted(GroupCommit(calls), first, second, beside, third, later)
    calls.answer(3)
    await done
    assert calls.sent == [[first, beside], [second, later], [third]]


async def test_a_stream_is_never_in_two_calls_at_once() -> None:
    """A second call under way has other streams only."""
    calls, stream = Calls(), a_stream()
    commits = GroupCommit(calls, worth_a_call=1)
    first, second, other = an_append(stream), an_append(stream), an_append()
    done = submitted(commits, first, second)
    await until(calls, 1)
    done_too = submitted(commits, other)
    await until(calls, 2)
    calls.answer(3)
    await done
    await done_too
    assert calls.sent == [[first], [other], [second]]


async def test_a_call_is_bounded() -> None:
    """By its number of appends, and by its bytes; a single one may be larger than that."""
    calls = Calls()
    appends = [an_append() for _ in range(5)]
    large = [an_append(size=size) for size in (2 * MAX_BYTES, MAX_BYTES // 2, MAX_BYTES // 2, 1, 1)]
    done = submitted(GroupCommit(calls, lanes=1, max_commands=2), *appends)
    calls.answer(3)
    await done
    assert [len(call) for call in calls.sent] == [2, 2, 1]
    done = submitted(GroupCommit(calls, lanes=1), *large)
    calls.answer(3)
    await done
    assert calls.sent[3:] == [large[:1], large[1:3], large[3:]]


async def test_many_are_spread_over_two_calls() -> None:
    """Half of them are under way while the other half is prepared; few are not spread."""
    calls = Calls()
    done = submitted(GroupCommit(calls, worth_a_call=8), *(an_append() for _ in range(100)))
    await until(calls, 2)
    calls.answer(2)
    await done
    assert [len(call) for call in calls.sent] == [50, 50]
    done = submitted(GroupCommit(calls, worth_a_call=8), *(an_append() for _ in range(8)))
    calls.answer(1)
    await done
    assert [len(call) for call in calls.sent[2:]] == [8]


async def test_what_nobody_waits_for_is_not_sent() -> None:
    """An append whose caller gave up before its call is left out; the next of its stream takes its place."""
    calls, stream = Calls(), a_stream()
    commits = GroupCommit(calls)
    given_up, next_one, other = appends = [an_append(stream), an_append(stream), an_append()]
    for append in appends:
        commits.submit(append)
    callers = [asyncio.create_task(position(append)) for append in appends]
    await asyncio.sleep(0)
    callers[0].cancel()
    calls.answer()
    await asyncio.gather(*callers, return_exceptions=True)
    assert calls.sent == [[other, next_one]]
    assert given_up.settled


async def test_a_caller_that_gives_up_during_its_call_changes_nothing() -> None:
    """The call goes on for the others, and so does the stream."""
    calls, stream = Calls(), a_stream()
    commits = GroupCommit(calls)
    first, beside, second = appends = [an_append(stream), an_append(), an_append(stream)]
    for append in appends:
        commits.submit(append)
    callers = [asyncio.create_task(position(append)) for append in appends]
    await until(calls, 1)
    callers[0].cancel()
    calls.answer(2)
    assert await asyncio.gather(*callers[1:]) == [1, 1]
    assert calls.sent == [[first, beside], [second]]


async def test_a_call_that_ends_without_an_answer_fails_its_own_appends() -> None:
    """Whatever went wrong, nobody waits for ever, and what waits behind is sent."""
    calls, stream = Calls(), a_stream()
    commits = GroupCommit(calls)
    first, second = an_append(stream), an_append(stream)
    done = submitted(commits, first, second)
    await until(calls, 1)
    (lane,) = commits._lanes
    calls.answer(failure=RuntimeError("a defect"))
    calls.answer()
    refused, stored = await done
    assert isinstance(refused, EventStoreUnavailable)
    assert stored == 1
    with pytest.raises(RuntimeError, match="a defect"):
        await lane


async def test_closing_waits_for_all_that_were_taken() -> None:
    """Those under way and those behind them are answered; later ones are refused."""
    calls, stream = Calls(), a_stream()
    commits = GroupCommit(calls)
    done = submitted(commits, an_append(stream), an_append(stream), an_append())
    closing = asyncio.create_task(commits.close())
    await until(calls, 1)
    calls.answer(2)
    await closing
    assert await done == [1, 1, 1]
    with pytest.raises(EventStoreUnavailable):
        commits.submit(an_append())
