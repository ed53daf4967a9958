"""Live counters through the API: always what the log says, from Valkey or from the tables."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from event_schemas.envelope import StoredEvent
from event_schemas.streams import START, StreamName, TenantId
from event_schemas.token import ConsistencyToken
from projections.documents.activity import Activity, ActivityStatus
from projections.documents.deal import Deal, DealStatus
from projections.documents.lead import Lead, LeadStatus
from tests.support.api import Client, running_api
from tests.support.api_commands import pipeline, usd
from tests.support.events import some_id, store
from tests.support.histories import everything
from tests.support.network import free_port
from tests.support.projecting import folded
from tests.support.servers import Servers

NAMES = ("openDeals", "wonDeals", "lostDeals", "newLeads", "qualifiedLeads", "openActivities", "overdue")
COUNTERS = (
    f"query($owner: ID, $after: String) {{ counters(ownerId: $owner, readAfter: $after) {{ {' '.join(NAMES)} }} }}"
)
DEMO, OTHER = TenantId("demo"), TenantId("other")
USERS = [str(some_id(f"user {number}")) for number in (1, 2)]


@pytest.fixture
async def api(servers: Servers, redis_url: str) -> AsyncIterator[Client]:
    """An API of this test alone."""
    async with running_api(servers, redis_url) as client:
        yield client


@pytest.fixture
async def valkey(redis_url: str) -> AsyncIterator[Redis]:
    """What the counters are kept in."""
    async with Redis.from_url(redis_url) as client:
        yield client


def expected(events: Iterable[StoredEvent], owner: str | None = None) -> dict[str, int]:
    """The counters of one tenant's log, from its entities as they are after it."""
    ours = [event for event in events if event.stream.partition("-")[0] in ("deal", "lead", "activity")]
    last = {event.stream: after for event, (_, after) in zip(ours, folded(ours), strict=True)}
    found = Counter[str]()
    for document in last.values():
        if owner is None or str(getattr(document, "owner_id", None)) == owner:
            found.update(_counted(document))
    return {name: found[name] for name in NAMES}


def _counted(document: object) -> list[str]:
    match document:
        case Deal(status=DealStatus.OPEN):
            return ["openDeals"]
        case Deal(status=DealStatus.WON):
            return ["wonDeals"]
        case Deal(status=DealStatus.LOST):
            return ["lostDeals"]
        case Lead(status=LeadStatus.NEW, archived=False):
            return ["newLeads"]
        case Lead(status=LeadStatus.QUALIFIED, archived=False):
            return ["qualifiedLeads"]
        case Activity(status=ActivityStatus.OPEN, due_at=due):
            late = due is not None and due < datetime.now(UTC)
            return ["openActivities", "overdue"] if late else ["openActivities"]
        case _:
            return []


async def read(api: Client, owner: str | None = None, *, tenant: str = DEMO) -> Any:
    """The counters, once the views have reached the head."""
    head = await api.store.head()
    token = ConsistencyToken(((StreamName(f"deal-{tenant}~x"), head),)).encode()
    return (await api.ask(COUNTERS, {"owner": owner, "after": token}, tenant=tenant)).data["counters"]


async def refilled(valkey: Redis, head: int) -> None:
    """Come back when Valkey holds everything."""
    async with asyncio.timeout(20):
        while (await valkey.hget("view_group:cards", "log/0")) != str(head).encode():  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0.02)


async def test_counters_are_what_the_log_says(api: Client, valkey: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all and of each owner, of two tenants: from the tables, from Valkey, and after Valkey was emptied."""
    events = everything(Random(1), 500)
    events += everything(Random(2), 400, tenant=OTHER, after=len(events))
    await store(api.database_url, events)
    wanted = {
        (tenant, owner): expected((event for event in events if event.tenant == tenant), owner)
        for tenant in (DEMO, OTHER)
        for owner in (None, *USERS)
    }
    assert sum(any(counts[name] for counts in wanted.values()) for name in NAMES) > 4

    async def as_wanted() -> None:
        found = {(tenant, owner): await read(api, owner, tenant=tenant) for tenant, owner in wanted}
        assert found == wanted

    await as_wanted()
    await valkey.flushdb()
    await as_wanted()
    await refilled(valkey, len(events))
    monkeypatch.setattr("read_api.counters._statement", None)  # from here on the tables cannot be read
    await as_wanted()


async def test_counters_follow_commands(api: Client) -> None:
    """Whoever has just opened, won or scheduled something finds it counted."""
    owner = str(uuid4())
    sales = await pipeline(api)
    await api.ask('mutation($id: ID!) { createUser(input: { id: $id, name: "U" }) { version } }', {"id": owner})
    assert set((await read(api, owner)).values()) == {0}
    deals = [str(uuid4()) for _ in range(3)]
    open_deal = "mutation($input: OpenDealInput!) { openDeal(input: $input) { userErrors { code } } }"
    for deal in deals:
        given = {"id": deal, "name": "D", "pipelineId": sales["id"], "amount": usd(1), "ownerId": owner}
        assert not (await api.ask(open_deal, {"input": given})).data["openDeal"]["userErrors"]
    win = "mutation($id: ID!) { winDeal(input: { id: $id }) { userErrors { code } } }"
    assert not (await api.ask(win, {"id": deals[0]})).data["winDeal"]["userErrors"]
    change = "mutation($id: ID!) { changeDealOwner(input: { id: $id, ownerId: null }) { userErrors { code } } }"
    assert not (await api.ask(change, {"id": deals[1]})).data["changeDealOwner"]["userErrors"]
    found = await read(api, owner)
    assert (found["openDeals"], found["wonDeals"]) == (1, 1)
    assert (await read(api))["openDeals"] == 2


async def test_what_is_overdue_is_seen_when_it_is_asked(api: Client) -> None:
    """No event tells that a task became overdue."""
    now = datetime.now(UTC)
    schedule = """mutation($due: DateTime!) {
      scheduleActivity(input: { kind: TASK, subject: "Call", dueAt: $due }) { userErrors { code } } }"""
    for due in (now + timedelta(seconds=2), now + timedelta(days=1)):
        answer = await api.ask(schedule, {"due": due.isoformat()})
        assert not answer.data["scheduleActivity"]["userErrors"]
    assert (await read(api))["openActivities"] == 2
    async with asyncio.timeout(20):
        while (await read(api))["overdue"] != 1:  # noqa: ASYNC110  # only the clock tells
            await asyncio.sleep(0.1)
    assert datetime.now(UTC) > now + timedelta(seconds=2)


async def test_counters_are_there_without_valkey(servers: Servers) -> None:
    """Nobody answers at its port: the tables do."""
    async with running_api(servers, f"redis://127.0.0.1:{free_port()}") as api:
        events = everything(Random(3), 300)
        await store(api.database_url, events)
        for owner in (None, *USERS):
            assert await read(api, owner) == expected(events, owner)


@pytest.mark.parametrize(("owner", "code"), [("x", "BAD_REQUEST"), (str(some_id("nobody")), "NOT_FOUND")])
async def test_whose_counters_there_are_none(api: Client, owner: str, code: str) -> None:
    """What is no id, and who is no user."""
    assert (await api.ask(COUNTERS, {"owner": owner})).codes == [code]


async def test_another_tenants_owner_is_nobody(api: Client) -> None:
    """Their counters look as if they were absent."""
    await store(api.database_url, everything(Random(4), 100))
    assert (await read(api, USERS[0]))["openDeals"] >= 0
    assert (await api.ask(COUNTERS, {"owner": USERS[0]}, tenant=OTHER)).codes == ["NOT_FOUND"]
    assert await api.store.head() > START
