"""Kills and rebalances in an order that a seed gives, and how long each part needs to serve again."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from random import Random
from statistics import median
from typing import Final

import asyncpg

from event_schemas.streams import Position
from tests.support.fault_stack import FullStack, Killable
from tests.support.relays import leads

_AWAY_S: Final = (0.0, 1.0)
_BETWEEN_S: Final = (0.5, 2.0)
_HEAD: Final = "select position from log_head"
_GROUP: Final = "select view_position($1)"
_RELAYED: Final = "select coalesce((select position from relayed where topic = 'log'), 0)"
_HEALED: Final = re.compile(r"view group \w+ read (\d+) events in the log")
_SKIPPED: Final = re.compile(r"skipped (\d+) records that it had")
GROUPS: Final = ("postgres", "cards", "search")


class Schedule:
    """What happens to a stack, one thing after the other."""

    def __init__(
        self,
        stack: FullStack,
        random: Random,
        *,
        patience_s: float = 60.0,
        without_search: Callable[[], None] = lambda: None,
    ) -> None:
        """``without_search`` is called whenever Elasticsearch is down."""
        self._stack = stack
        self._without_search = without_search
        self._patience_s = patience_s
        self._random = random
        self._second_works = False
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        """Of each kind of fault, how long until what it stopped was of use again."""

    def run(self, counts: Mapping[str, int]) -> None:
        """All faults that are counted, mixed."""
        turns = [name for name, count in counts.items() for _ in range(count)]
        self._random.shuffle(turns)
        for name in turns:
            time.sleep(self._random.uniform(*_BETWEEN_S))  # the moment is what is tested
            began = time.monotonic()
            self._happen(name)
            self._stack.revive()
            self.seconds[name].append(time.monotonic() - began)
        self._stack.elasticsearch.await_ready()
        self.seconds["elasticsearch"] = self._stack.elasticsearch.seconds
        if self._second_works:
            self._rebalance()

    def _happen(self, name: str) -> None:
        happenings: Mapping[str, Callable[[], None]] = {
            "worker": self._worker,
            "relay": self._relay,
            "api": self._api,
            "broker": lambda: self._server(self._stack.kafka),
            "elasticsearch": self._elasticsearch,
            "valkey": lambda: self._server(self._stack.valkey),
            "postgres": lambda: self._server(self._stack.postgres),
            "rebalance": self._rebalance,
        }
        happenings[name]()

    def _worker(self) -> None:
        """Killed and started again; of use when the views have reached what was there."""
        worker = self._stack.workers[0]
        worker.kill()
        worker.start()
        groups = ("postgres", "cards")  # Elasticsearch may be on its way back
        await_views(self._stack.postgres.url, seconds=self._patience_s, groups=groups)

    def _relay(self) -> None:
        """The one that publishes: its standby takes over, and the killed one becomes the standby."""
        relays = self._stack.relays
        relay = next((relay for relay in relays if leads(relay.log.read_text())), relays[0])
        relay.kill()
        await_relay(self._stack.postgres.url)
        relay.start()

    def _api(self) -> None:
        number = self._random.randrange(len(self._stack.apis))
        self._stack.apis[number].kill()
        self._stack.apis[number].start()
        self._stack.await_api(number)

    def _server(self, server: Killable) -> None:
        server.kill()
        time.sleep(self._random.uniform(*_AWAY_S))  # away for a moment, of which everybody hears
        server.start()

    def _elasticsearch(self) -> None:
        """Its start takes longer than all others': the next faults come meanwhile."""
        self._stack.elasticsearch.await_ready()
        self._stack.elasticsearch.kill()
        self._without_search()
        self._stack.elasticsearch.start()

    def _rebalance(self) -> None:
        """The second worker comes, or goes: by SIGTERM or by SIGKILL."""
        second = self._stack.workers[1]
        if not self._second_works:
            second.start()
        elif self._random.random() < 0.5:
            second.stop()
        else:
            second.kill()
        self._second_works = not self._second_works


def told(seconds: Mapping[str, Sequence[float]]) -> str:
    """For the figures: how often, and the median and longest time."""
    parts = (f"{name} {len(took)}x {median(took):.1f} s, at most {max(took):.1f}" for name, took in seconds.items())
    return "; ".join(sorted(parts))


def await_views(url: str, *, seconds: float = 60.0, groups: Sequence[str] = GROUPS) -> float:
    """Until every group has reached the head of now; the seconds it took."""
    return asyncio.run(_until(url, {group: (_GROUP, (group,)) for group in groups}, seconds))


def await_relay(url: str, *, seconds: float = 60.0) -> float:
    """Until an event is published, as workers learn it, that is not in the log yet; the seconds it took."""
    return asyncio.run(_until(url, {"relay": (_RELAYED, ())}, seconds, more=1))


async def _until(url: str, asked: Mapping[str, tuple[str, Sequence[str]]], seconds: float, *, more: int = 0) -> float:
    """Each has reached the head of now, and so many events more."""
    began = time.monotonic()
    connection = await asyncpg.connect(url)
    try:
        head = Position(await connection.fetchval(_HEAD) + more)
        behind: dict[str, int] = dict.fromkeys(asked, -1)
        while behind:
            waited = time.monotonic() - began
            assert waited < seconds, f"after {waited:.0f} s at {behind} of {head}"
            await asyncio.sleep(0.05)  # progress of other processes, in a table: nothing to wait on
            found = {name: await connection.fetchval(sql, *words) for name, (sql, words) in asked.items()}
            behind = {name: position for name, position in found.items() if position < head}
        return time.monotonic() - began
    finally:
        await connection.close()


def healed(stack: FullStack) -> str:
    """How often a worker read in the log what had not come by Kafka, as its log says."""
    logs = [worker.log.read_text() for worker in stack.workers if worker.log.exists()]
    found = [match for log in logs for match in _HEALED.finditer(log)]
    skipped = sum(int(match[1]) for log in logs for match in _SKIPPED.finditer(log))
    read = sum(int(match[1]) for match in found)
    return f"gaps and new beginnings read in the log {len(found)}x, {read:,} events; duplicates skipped {skipped:,}"
