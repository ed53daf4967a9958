"""How far the views are in each lane: told, hinted at, and asked for."""

import asyncio
from collections.abc import Collection, Mapping

from event_schemas.streams import Position
from event_schemas.topics import LOG, Lane
from read_api.watermarks import Watermarks

DEALS, LEADS, OTHERS = Lane("deals.pipeline", 3), Lane("leads.lifecycle", 0), Lane("activities.tracking", 1)


class Views:
    """Where the views are, and what was asked of them."""

    def __init__(self) -> None:
        self.positions: dict[Lane, Position] = {}
        self.asked: list[set[Lane]] = []
        self._asked = asyncio.Condition()

    async def read(self, lanes: Collection[Lane]) -> Mapping[Lane, Position]:
        """What the database says."""
        async with self._asked:
            self.asked.append(set(lanes))
            self._asked.notify_all()
        return {lane: self.positions.get(lane, Position(0)) for lane in lanes}

    async def times(self, count: int) -> None:
        """Wait until they have been asked so often."""
        async with self._asked, asyncio.timeout(5):
            await self._asked.wait_for(lambda: len(self.asked) >= count)


async def test_whoever_waits_is_woken_when_told() -> None:
    """A position of the whole log, told in the process, goes for every lane; no poll has to come first."""
    watermarks = Watermarks(Views().read, poll_seconds=60)
    waiting = asyncio.create_task(watermarks.reached({DEALS: Position(3), LEADS: Position(2)}))
    await asyncio.sleep(0)
    watermarks.advanced(Position(3))
    await asyncio.wait_for(waiting, 5)
    await watermarks.close()


async def test_every_lane_is_waited_for() -> None:
    """One that is far enough does not stand for another."""
    views = Views()
    views.positions = {DEALS: Position(9), LEADS: Position(1)}
    watermarks = Watermarks(views.read, poll_seconds=0.002)
    waiting = asyncio.create_task(watermarks.reached({DEALS: Position(3), LEADS: Position(2)}))
    await views.times(3)
    assert not waiting.done()
    views.positions[LEADS] = Position(2)
    await asyncio.wait_for(waiting, 5)


async def test_many_waiters_share_one_poll_and_it_stops_with_them() -> None:
    """One question for all lanes of all who wait, however many they are, and none when nobody does."""
    views = Views()
    watermarks = Watermarks(views.read, poll_seconds=0.002)
    waiting = [asyncio.create_task(watermarks.reached({lane: Position(3)})) for lane in (DEALS, LEADS) * 25]
    await views.times(3)
    assert views.asked[-1] == {DEALS, LEADS}
    views.positions = {DEALS: Position(3), LEADS: Position(4)}
    await asyncio.wait_for(asyncio.gather(*waiting), 5)
    asked = len(views.asked)
    assert asked < 50
    await asyncio.sleep(0.05)
    assert len(views.asked) <= asked + 1


async def test_a_hint_lets_it_ask_at_once() -> None:
    """Of a lane that is waited for, of the whole log, or of nobody knows what; another lane's is no reason to ask."""
    for hint in ({DEALS: Position(1)}, {LOG: Position(1), OTHERS: Position(1)}, None):
        views = Views()
        watermarks = Watermarks(views.read, poll_seconds=600)
        waiting = asyncio.create_task(watermarks.reached({DEALS: Position(3)}))
        await views.times(1)
        views.positions = {DEALS: Position(3)}
        watermarks.heard({OTHERS: Position(9)})
        await asyncio.sleep(0.05)
        assert (len(views.asked), waiting.done()) == (1, False)
        watermarks.missed() if hint is None else watermarks.heard(hint)
        await asyncio.wait_for(waiting, 5)


async def test_whoever_comes_during_a_long_pause_is_asked_for_at_once() -> None:
    """What was told before they came was of no interest then, and is not told again."""
    views = Views()
    views.positions = {DEALS: Position(3)}
    watermarks = Watermarks(views.read, poll_seconds=600)
    await watermarks.reached({DEALS: Position(3)})
    views.positions = {DEALS: Position(3), LEADS: Position(5)}
    watermarks.heard({LEADS: Position(5)})
    await asyncio.sleep(0.05)
    await asyncio.wait_for(watermarks.reached({LEADS: Position(5)}), 5)
    await watermarks.close()


async def test_what_is_known_is_not_asked_for() -> None:
    """Also of a lane, once it was asked for."""
    views = Views()
    views.positions = {DEALS: Position(3)}
    watermarks = Watermarks(views.read, poll_seconds=0.002)
    await watermarks.reached({DEALS: Position(3)})
    await watermarks.close()
    asked = len(views.asked)
    await watermarks.reached({DEALS: Position(2)})
    assert len(views.asked) == asked


async def test_whoever_waits_for_all_lanes_hears_of_each() -> None:
    """The last one to come may be any."""
    views = Views()
    watermarks = Watermarks(views.read, poll_seconds=600)
    waiting = asyncio.create_task(watermarks.reached({LOG: Position(3)}))
    await views.times(1)
    views.positions = {LOG: Position(3)}
    await asyncio.sleep(0)
    watermarks.heard({OTHERS: Position(3)})
    await asyncio.wait_for(waiting, 5)
