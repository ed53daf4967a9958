"""A running API in a thread of its own, for tests that are not asynchronous themselves."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.support.api import Client, running_api
from tests.support.api_commands import deal, pipeline
from tests.support.servers import Servers

T = TypeVar("T")


@dataclass(frozen=True)
class Known:
    """What the API's tenant has."""

    ids: list[str]


@contextmanager
def api_in_thread(servers: Servers, redis_url: str) -> Iterator[tuple[Client, Known]]:
    """The API and the ids of a few entities of every kind."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="api")
    thread.start()
    running = running_api(servers, redis_url)

    def wait(coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(timeout=120)

    try:
        api = wait(running.__aenter__())
        try:
            yield api, wait(_some_of_everything(api))
        finally:
            wait(running.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _some_of_everything(api: Client) -> Known:
    sales = await pipeline(api)
    ids = list(sales.values())
    for command, kind in (
        ('createTeam(input: { name: "T" })', "team"),
        ('createUser(input: { name: "U" })', "user"),
        ('openAccount(input: { name: "A" })', "account"),
        ('listProduct(input: { name: "P", price: { minor: "1", currency: "USD" } })', "product"),
        ('captureLead(input: { name: "L", email: "l@example.org" })', "lead"),
        ('createContact(input: { name: "C", email: "c@example.org" })', "contact"),
        ('logActivity(input: { kind: NOTE, subject: "N" })', "activity"),
        ('saveView(input: { kind: LEAD, name: "V", filter: "{}", shared: false })', "savedView"),
    ):
        answer = await api.ask(f"mutation {{ made: {command} {{ {kind} {{ id }} }} }}")
        ids.append(answer.data["made"][kind]["id"])
    deals = [(await deal(api))["deal"]["id"] for _ in range(3)]
    return Known(ids + deals)
