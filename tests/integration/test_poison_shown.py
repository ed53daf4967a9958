"""A poison event as users and operators meet it: parked with the later events of its stream, while the rest goes on."""

import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from operator import eq
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from event_schemas.deal import DealAmountChanged
from event_schemas.envelope import Recorded, StoredEvent
from event_schemas.product import ProductListed, ProductRepriced
from event_schemas.registry import Event
from event_schemas.token import ConsistencyToken
from event_schemas.topics import ENTITY_LANES, LOG, lane_of
from projections.bootstrap import cards_runner, postgres_runner
from projections.changes import Change
from projections.documents.document import Document
from projections.views import deal_stage_history
from tests.support.api import Answer, Client, Setup, running_api
from tests.support.events import Log, some_id, store
from tests.support.histories import deal_opened, usd
from tests.support.servers import Servers
from tests.support.status import status
from tests.support.waking import metric_is

DEAL = "query($id: ID!, $token: String) { deal(id: $id, readAfter: $token) { amount { minor } } }"
PRODUCT = "query($id: ID!, $token: String) { product(id: $id, readAfter: $token) { price { minor } } }"

Kept = Callable[[Client, str, Sequence[StoredEvent]], Awaitable[None]]


def deal_and_product() -> list[StoredEvent]:
    """A deal at the odd positions 1, 3, 5; a product at 2, 4, 6."""
    log = Log()
    log.append("deal", some_id("deal"), deal_opened())
    log.append("product", some_id("product"), ProductListed(name="GTX", series=None, price=usd(1)))
    for minor in (2, 3):
        log.append("deal", some_id("deal"), DealAmountChanged(amount=usd(minor)))
        log.append("product", some_id("product"), ProductRepriced(price=usd(minor)))
    return log.events


async def in_this_process(_api: Client, _redis_url: str, _events: Sequence[StoredEvent]) -> None:
    """The embedded profile: the API's process follows the log by itself."""


async def by_lanes(api: Client, redis_url: str, events: Sequence[StoredEvent]) -> None:
    """The full profile: workers of lanes elsewhere, and what the relay has published."""
    async with (
        postgres_runner(api.database_url, lane_of=lane_of) as rows,
        cards_runner(api.database_url, redis_url, lane_of=lane_of) as cards,
    ):
        for runner in (rows, cards):
            await runner.resume(ENTITY_LANES)
            await runner.project(events)
    lanes = {LOG: events[-1].position} | {lane_of(event.stream): event.position for event in events}
    connection = await asyncpg.connect(api.database_url)
    published = [(*lane, position) for lane, position in lanes.items()]
    await connection.executemany("insert into relayed values ($1, $2, $3)", published)
    await connection.close()


KEPT = pytest.mark.parametrize("kept", [in_this_process, by_lanes])


async def shown(api: Client, query: str, event: StoredEvent) -> Answer:
    """The entity, once its views have reached the event."""
    token = ConsistencyToken(((event.stream, event.position),)).encode()
    return await api.ask(query, {"id": str(event.entity_id), "token": token})


async def counted(api: Client, group: str, events: int, *, position: int = 6) -> None:
    """Wait until /metrics shows so many parked events of a group that is at the log's end."""
    await metric_is(api, f'crm_view_position{{group="{group}"}}', partial(eq, position))
    await metric_is(api, f'crm_parked_events{{group="{group}"}}', partial(eq, events))
    await metric_is(api, f'crm_view_lag{{group="{group}"}}', partial(eq, 0))


def parked_of(told: Any) -> list[tuple[str, str, str, int, int]]:
    """What `crm status -o json --parked` lists."""
    return [(one["group"], one["view"], one["stream"], one["events"], one["position"]) for one in told["parked"]]


@KEPT
async def test_undecodable_bytes(servers: Servers, redis_url: str, tmp_path: Path, kept: Kept) -> None:
    """Every view stops at that deal and says why; the product goes on; people are told how many events wait."""
    events = deal_and_product()
    events[2] = msgspec.structs.replace(events[2], data=b"\x00\xff")
    async with running_api(servers, redis_url, Setup(following=kept is in_this_process)) as api:
        await store(api.database_url, events)
        await kept(api, redis_url, events)
        for group in ("postgres", "cards"):
            await counted(api, group, 2)
        assert (await shown(api, DEAL, events[0])).data == {"deal": {"amount": {"minor": "550000"}}}
        assert (await shown(api, PRODUCT, events[5])).data == {"product": {"price": {"minor": "3"}}}
        for event in (events[2], events[4]):
            answer = await shown(api, DEAL, event)
            assert answer.codes == ["READ_STALE"]
            assert "deal.amount_changed at position 3: UndecodableEvent" in answer.messages
        said = await status(tmp_path, "-o", "json", "--parked", url=api.database_url)
        assert said.code == 0, said
        told = json.loads(said.out)
        stream = events[2].stream
        assert parked_of(told) == [("cards", "", stream, 2, 3), ("postgres", "", stream, 2, 3)]
        assert all(one["error"].startswith("UndecodableEvent") for one in told["parked"])
        assert {group["group"]: (group["position"], group["lag"], group["parked"]) for group in told["groups"]} == {
            "postgres": (6, 0, 2),
            "cards": (6, 0, 2),
        }


@KEPT
async def test_a_view_that_raises(
    servers: Servers, redis_url: str, tmp_path: Path, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That view alone stops at the deal: the board and the cards go on, and the reader is told what is missing."""

    def defect(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
        if recorded.position == 3:
            raise KeyError("no such stage")
        return whole(recorded, before, after)

    whole = deal_stage_history.apply
    monkeypatch.setattr(deal_stage_history, "apply", defect)
    events = deal_and_product()
    async with running_api(servers, redis_url, Setup(following=kept is in_this_process)) as api:
        await store(api.database_url, events)
        await kept(api, redis_url, events)
        await counted(api, "postgres", 2)
        await counted(api, "cards", 0)
        answer = await shown(api, DEAL, events[4])
        assert answer.codes == ["READ_STALE"]
        assert "KeyError: 'no such stage'" in answer.messages
        asked = {"id": str(events[4].entity_id)}
        assert (await api.ask(DEAL, asked)).data == {"deal": {"amount": {"minor": "3"}}}
        said = await status(tmp_path, "--parked", url=api.database_url)
        assert said.code == 0, said
        assert f"parked in postgres/deal_stage_history: {events[4].stream}, 2 events from 3" in said.out
        assert "KeyError: 'no such stage'" in said.out
