"""What follows once the API listens: the sample, the views at the head, and a word to the person at the terminal."""

import asyncio
import json
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

from event_schemas.streams import Position, TenantId
from read_api.app import ReadyState
from read_api.authentication import Role
from write_side.entrypoints.sample import SampleLoader

if TYPE_CHECKING:
    from replay_tools.up import Parts, Running

QUERY = (
    '{forecast(asOf:{at:"2017-06-30T00:00:00Z",clock:OCCURRED}){totals{open{count} won{count amount{minor currency}}}}}'
)
GREETING = """
eventcrm is ready: {url}/graphql, {url}/readyz, {url}/metrics
{parts}
  tenant:      {tenant}, {events:,} events in the log

A development token (admin; valid 30 days; `make -s token` prints another):
  Authorization: Bearer {token}

GraphiQL, in a browser, with that token:
  {url}/graphql#token={token}

What was open, and what was won, on 30 June 2017?
  curl -s {url}/graphql -H 'content-type: application/json' \\
    -H 'Authorization: Bearer {token}' \\
    -d '{body}'
  {answer}

Ctrl-C stops everything.
"""


class Starting:
    """The rest of a start, while the API already listens."""

    def __init__(self, running: "Running", ready: ReadyState, *, tenant: TenantId, url: str) -> None:
        self._running = running
        self._ready = ready
        self._tenant = tenant
        self._url = url

    async def run(self, parts: "Parts") -> None:
        """Load the sample unless an earlier start has, wait for the views, greet. Raises what a command raises."""
        await self._load()
        head = await self._running.store.head()
        await self._views_at(head)
        self._ready.done()
        await self._greet(parts, head)

    async def _load(self) -> None:
        loader = SampleLoader(transact=self._running.transactor.transact, tenant=self._tenant)
        if await loader.is_loaded(self._running.store):
            return
        say("Loading the sample: 8,800 sales opportunities ...")
        started = time.monotonic()
        loaded = await loader.load(progress=self._progress)
        seconds = time.monotonic() - started
        say(f"Loaded {loaded.rows:,} opportunities as {loaded.events:,} events in {seconds:.1f} s.")

    def _progress(self, done: int, total: int) -> None:
        self._ready.waiting(f"the sample is being loaded: {done:,} of {total:,} opportunities")

    async def _views_at(self, head: Position) -> None:
        """Wait until every view group has reached the head as it was now."""
        while behind := [group for group in await self._running.progress() if group.position < head]:
            slowest = min(behind, key=lambda group: group.position)
            reason = f", waiting for {slowest.waits_for}" if slowest.waits_for else ""
            self._ready.waiting(f"view group {slowest.group} is at {slowest.position:,} of {head:,}{reason}")
            await asyncio.sleep(0.05)  # a condition would have to span groups that may be restarted; this runs once

    async def _greet(self, parts: "Parts", head: Position) -> None:
        token = self._running.api.tokens.issue(tenant=self._tenant, user_id="developer", role=Role.ADMIN)
        body = json.dumps({"query": QUERY})
        answer = await asyncio.to_thread(self._ask, body, token)
        say(
            GREETING.format(
                url=self._url,
                parts="\n".join(f"  {part + ':':13}{what}" for part, what in parts.really.items()),
                tenant=self._tenant,
                events=head,
                token=token,
                body=body,
                answer=answer,
            )
        )

    def _ask(self, body: str, token: str) -> str:
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"{self._url}/graphql", body.encode(), headers)  # noqa: S310 -- our own address
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- our own address
            text: str = answer.read().decode()
            return text


def say(text: str) -> None:
    """A line to the person at the terminal, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
