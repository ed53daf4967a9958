"""A load of commands that are sent until they are acknowledged; run as a process of its own.

Every command has an idempotency key, and is sent again, to whichever API answers, until one says what became of it.
The ledger gets one line of JSON for each that was acknowledged, and one for each that was refused. SIGTERM ends the
stream of new commands; the process ends when the last one is answered.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final, TextIO

import aiohttp

from tests.support.events import some_id

PIPELINE: Final = some_id("pipeline of the load")
USERS: Final = tuple(some_id(f"user {number} of the load") for number in range(8))
_PATIENCE_S: Final = 0.1
_AT_ONCE: Final = 400
_DAYS: Final = 28

Command = tuple[str, dict[str, Any]]


class Load:
    """Makes commands, sends them, and writes down what was acknowledged."""

    def __init__(self, *, ledger: TextIO, seed: int, urls: Sequence[str], session: aiohttp.ClientSession) -> None:
        self._ledger = ledger
        self._seed = seed
        self._random = Random(seed)
        self._urls = urls
        self._session = session
        self._deals: list[str] = []
        self._room = asyncio.Semaphore(_AT_ONCE)
        self.sent = 0

    async def run(self, rate: float, stop: asyncio.Event) -> None:
        """Until told to stop; returns when everything is answered."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as sending:
            while not stop.is_set():
                await self._room.acquire()
                self.sent += 1
                sending.create_task(self._send(f"load {self._seed} {self.sent}", *self._next()))
                await asyncio.sleep(max(0.0, began + self.sent / rate - loop.time()))  # the pace that is asked for

    def _next(self) -> Command:
        """Mostly activities, since each of them is counted; what is changed is there already."""
        choice = self._random.random()
        owner = str(self._random.choice(USERS))
        if choice < 0.5:
            kind = self._random.choice(("CALL", "MEETING", "EMAIL", "NOTE"))
            return "logActivity", {"kind": kind, "subject": f"Call {self.sent}", "ownerId": owner}
        if choice < 0.7:
            company = f"Company {self.sent % 97}"
            return "captureLead", {"name": f"Person {self.sent}", "company": company, "source": "web", "ownerId": owner}
        amount = {"minor": str(self._random.randrange(1, 10**7)), "currency": "USD"}
        if choice < 0.85 or not self._deals:
            opened = {"name": f"Deal {self.sent}", "pipelineId": str(PIPELINE), "amount": amount, "ownerId": owner}
            return "openDeal", opened
        return "changeDealAmount", {"id": self._random.choice(self._deals), "amount": amount}

    async def _send(self, key: str, command: str, given: dict[str, Any]) -> None:
        try:
            query = _mutation(command)
            # the past: a command that waits for a server does not run ahead of another one's clock
            at = datetime(2026, 1, 1 + self._random.randrange(_DAYS), 12, tzinfo=UTC).isoformat()
            given = {"id": str(some_id(key)), **given}
            variables: dict[str, Any] = {"input": given, "key": key}
            if command == "logActivity":
                variables["at"] = at
            attempt = self._random.randrange(len(self._urls))
            while (payload := await self._ask(self._urls[attempt % len(self._urls)], query, variables)) is None:
                attempt += 1
                await asyncio.sleep(_PATIENCE_S)  # a process that is down says nothing of when it is back
            self._note(key, command, given["id"], payload)
        finally:
            self._room.release()

    async def _ask(self, url: str, query: str, variables: dict[str, Any]) -> dict[str, Any] | None:
        """The payload, or what the API refuses; None when it was not said what became of the command."""
        try:
            async with self._session.post(f"{url}/graphql", json={"query": query, "variables": variables}) as answer:
                body = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, json.JSONDecodeError):
            return None
        if not isinstance(body, dict):
            return None
        errors = body.get("errors") or []
        if any(error.get("extensions", {}).get("code") == "UNAVAILABLE" for error in errors):
            return None
        if errors:
            return {"refused": errors}
        payload: dict[str, Any] = body["data"]["done"]
        return {"refused": payload["userErrors"]} if payload["userErrors"] else payload

    def _note(self, key: str, command: str, target: str, payload: dict[str, Any]) -> None:
        if command == "openDeal" and "refused" not in payload:
            self._deals.append(target)
        self._ledger.write(json.dumps({"key": key, "command": command, "id": target, **payload}) + "\n")
        self._ledger.flush()


def _mutation(command: str) -> str:
    name = f"{command[0].upper()}{command[1:]}Input"
    dated = (", $at: DateTime", ", occurredAt: $at") if command == "logActivity" else ("", "")
    answer = "{version token userErrors {code message}}"
    asked = f"done: {command}(input: $input, idempotencyKey: $key{dated[1]}) {answer}"
    return f"mutation($input: {name}!, $key: String!{dated[0]}) {{{asked}}}"


async def main(ledger: Path, rate: float, seed: int, token: str, urls: Sequence[str]) -> None:
    """Ends some time after SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    timeout = aiohttp.ClientTimeout(total=15)
    headers = {"authorization": f"Bearer {token}"}
    with ledger.open("a", encoding="utf-8") as lines:
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
            load = Load(ledger=lines, seed=seed, urls=urls, session=session)
            await load.run(rate, stop)


if __name__ == "__main__":
    path, per_second, seeded, bearer, *addresses = sys.argv[1:]
    asyncio.run(main(Path(path), float(per_second), int(seeded), bearer, addresses))
