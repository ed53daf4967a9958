"""The end of tasks that would go on for ever."""

import asyncio
from collections.abc import Collection
from typing import Any, Final

AGAIN_SECONDS: Final = 1.0


async def ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel the tasks until all of them have ended, however.

    Once is not enough: in Python 3.11, ``asyncio.wait_for``, by which redis-py sends, loses a cancellation that comes
    at the moment when it is done (python/cpython issue 86296), and who only waited then would wait for ever.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_SECONDS)
