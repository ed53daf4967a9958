"""A view group in a worker: it begins again after a crash, and ends when it is told to."""

import asyncio
from typing import Any, cast

from projections.engines.faust_groups import Group


class Crashing:
    """An app that cannot start, and takes a moment to let go."""

    crash_reason = None

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.stopped = False

    async def start(self) -> None:
        """It fails."""
        raise ConnectionError("Kafka is away")

    async def stop(self) -> None:
        """Slowly."""
        self.stopping.set()
        for _ in range(10):
            await asyncio.sleep(0)
        self.stopped = True


async def test_a_group_that_is_told_to_end_while_it_lets_go_ends() -> None:
    """Whatever it is about to begin again: a worker would not end otherwise."""
    app = Crashing()
    task = asyncio.create_task(Group("cards", cast("Any", lambda: app)).run())
    await app.stopping.wait()
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=20)
    assert done == {task}
    assert task.cancelled()
    assert app.stopped
