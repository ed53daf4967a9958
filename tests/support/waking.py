"""Conditions that tests of wakes wait for; nothing tells of them, so they are looked for."""

import asyncio
from collections.abc import Callable

from tests.support.api import Client


async def until(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    """Wait for something in this process."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # see above
            await asyncio.sleep(0.01)


async def metric(api: Client, name: str) -> float | None:
    """What /metrics says, of a meter with its labels; None when it is not there."""
    page = (await api.http.get("/metrics")).text
    values = [line.rpartition(" ")[2] for line in page.splitlines() if line.rpartition(" ")[0] == name]
    return float(values[0]) if values else None


async def hears(api: Client, *, wakes: bool = True) -> None:
    """Wait until an API listens for wakes, or knows that it cannot."""
    await metric_is(api, "crm_wakes_listening", lambda value: value == wakes)


async def metric_is(api: Client, name: str, condition: Callable[[float | None], bool]) -> None:
    """Wait for what /metrics says."""
    async with asyncio.timeout(20):
        while not condition(await metric(api, name)):  # noqa: ASYNC110  # see above
            await asyncio.sleep(0.01)


async def waited_for(api: Client) -> None:
    """Wait until somebody waits for the views of an API."""
    await until(lambda: api.api.watermark.waiting > 0)


async def subscribed(api: Client) -> None:
    """Wait until somebody's subscription listens in an API."""
    await until(lambda: bool(api.api.stop_streams.__self__.listening))  # type: ignore[attr-defined]  # of the bells
