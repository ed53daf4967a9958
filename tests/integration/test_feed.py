"""Feeds through the API: always what the log says, whatever Valkey holds, has trimmed or has lost."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from event_schemas.deal import DealAmountChanged
from event_schemas.streams import START, StreamName, TenantId
from event_schemas.token import ConsistencyToken
from event_schemas.values import Money
from projections.sinks.redis_calls import FEED_CAP
from read_api.authentication import Role
from read_api.feed import KEPT
from tests.support import feed_oracle
from tests.support.api import Answer, Client, running_api
from tests.support.api_commands import OPEN, pipeline, usd
from tests.support.events import Log, some_id, store
from tests.support.histories import deal_opened, everything, organisation
from tests.support.network import free_port
from tests.support.servers import Servers

FIELDS = "position type occurredAt actor kind id data"
ARGUMENTS = "first: $first, userId: $user, teamId: $team, accountId: $account, readAfter: $after"
VARIABLES = "$first: Int, $user: ID, $team: ID, $account: ID, $after: String"
FEED = f"query({VARIABLES}) {{ feed({ARGUMENTS}) {{ {FIELDS} }} }}"
RESOLVED = f"query({VARIABLES}) {{ feed({ARGUMENTS}) {{ {FIELDS} }} teams(first: 0) {{ totalCount }} }}"
"""The same, which the resolvers have to answer."""
DEMO, OTHER = TenantId("demo"), TenantId("other")

Feeds = Mapping[str, Sequence[feed_oracle.Item]]


@pytest.fixture
async def api(servers: Servers, redis_url: str) -> AsyncIterator[Client]:
    """An API of this test alone."""
    async with running_api(servers, redis_url) as client:
        yield client


@pytest.fixture
async def valkey(redis_url: str) -> AsyncIterator[Redis]:
    """What the feeds are kept in."""
    async with Redis.from_url(redis_url) as client:
        yield client


async def expected(api: Client, tenant: TenantId = DEMO) -> Feeds:
    """Every feed, from the log as it is now."""
    events = await api.store.read_all(after=START, limit=1_000_000)
    return feed_oracle.feeds(event for event in events if event.tenant == tenant)


async def at_head(api: Client, tenant: TenantId = DEMO) -> str:
    """A token that waits for all that is in the log."""
    head = await api.store.head()
    return ConsistencyToken(((StreamName(f"deal-{tenant}~x"), head),)).encode()


async def ask(api: Client, variables: Any, *, query: str = FEED, user: str = "ada", tenant: str = DEMO) -> Answer:
    """A feed, asked for by a user."""
    token = api.tokens.issue(tenant=tenant, user_id=user, role=Role.VIEWER)
    return await api.send(json.dumps({"query": query, "variables": variables}), authorization=f"Bearer {token}")


def asked(feed: str) -> dict[str, str]:
    """The argument that asks for a feed; none for what only its owner asks for."""
    kind, _, identity = feed.partition(":")
    return {} if identity == "ada" else {kind: identity}


async def read(api: Client, feed: str, first: int, **how: Any) -> list[Any]:
    """The items of a feed, once the views have reached the head."""
    variables = {"first": first, "after": await at_head(api, how.get("tenant", DEMO)), **asked(feed)}
    found: list[Any] = (await ask(api, variables, **how)).data["feed"]
    return found


def test_as_many_are_kept_as_readers_rely_on() -> None:
    """The projections trim no feed below what the API takes for whole."""
    assert FEED_CAP == KEPT


@pytest.mark.parametrize("seed", range(2))
async def test_every_feed_is_what_the_log_says(api: Client, valkey: Redis, seed: int) -> None:
    """Users and accounts of two tenants, from the tables and then from Valkey, by both ways of executing a query."""
    events = everything(Random(seed), 300)
    events += everything(Random(seed + 10), 200, tenant=OTHER, after=len(events))
    await store(api.database_url, events)
    for tenant in (DEMO, OTHER):
        feeds = await expected(api, tenant)
        assert len(feeds) > 4
        for feed, items in feeds.items():
            for first in (len(items) + 1, 50, 3, 1000):
                for query in (FEED, RESOLVED):
                    assert await read(api, feed, first, query=query, tenant=tenant) == items[:first], (feed, first)
            assert await valkey.zscore(f"feed:{{{tenant}}}:{feed}", "") == 0  # whole, and not read from tables again


async def test_a_feed_costs_one_round_trip_once_it_is_at_hand(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables are read for the first question, and not for those after it."""
    await store(api.database_url, everything(Random(3), 120))
    before = await read(api, "user:ada", 50)

    async def not_now(*_: object) -> None:
        raise AssertionError("the tables were read")

    monkeypatch.setattr("read_api.feed._from_tables", not_now)
    assert await read(api, "user:ada", 50) == before
    assert len(before) == 50


async def test_a_trimmed_feed_is_complete_all_the_same(api: Client, valkey: Redis) -> None:
    """Valkey keeps the newest; what is older comes from the tables, in one answer."""
    log = Log()
    organisation(log)
    log.append("deal", some_id("deal"), deal_opened())
    for minor in range(1_100):
        log.append("deal", some_id("deal"), DealAmountChanged(amount=Money(minor, "USD")))
    await store(api.database_url, log.events)
    items = (await expected(api))["user:ada"]
    for first in (50, KEPT, KEPT + 1, 1_000):
        assert await read(api, "user:ada", first) == items[:first]
    assert KEPT <= await valkey.zcard("feed:{demo}:user:ada") <= 2 * KEPT


async def test_a_lost_feed_is_found_out(api: Client, valkey: Redis) -> None:
    """A key that is gone is refilled; so is one that began anew since."""
    events = everything(Random(4), 150)
    await store(api.database_url, events[:140])
    await read(api, "user:ada", 50)
    await valkey.delete("feed:{demo}:user:ada")
    assert await read(api, "user:ada", 50) == (await expected(api))["user:ada"][:50]
    await valkey.delete("feed:{demo}:user:ada")
    await store(api.database_url, events[140:])
    items = (await expected(api))["user:ada"]
    assert await read(api, "user:ada", 50) == items[:50]
    assert await read(api, "user:ada", 200) == items


async def test_a_flushed_valkey_costs_no_answer_under_traffic(api: Client, valkey: Redis) -> None:
    """While deals are opened, feeds are read and Valkey is emptied again and again, no answer lacks anything."""
    owner = str(uuid4())
    await api.ask('mutation($id: ID!) { createUser(input: { id: $id, name: "U" }) { version } }', {"id": owner})
    sales = await pipeline(api)
    random = Random(5)

    async def open_deals() -> None:
        for number in range(60):
            given = {"id": str(uuid4()), "name": f"D{number}", "pipelineId": sales["id"], "amount": usd(number)}
            await api.ask(OPEN, {"input": {**given, "ownerId": owner}})

    async def flush(traffic: "asyncio.Task[None]") -> None:
        while not traffic.done():
            await valkey.flushdb()
            await asyncio.sleep(random.random() / 4)  # at moments of no meaning

    async with asyncio.TaskGroup() as group:
        traffic = group.create_task(open_deals())
        group.create_task(flush(traffic))
        while not traffic.done():
            known = (await expected(api)).get(f"user:{owner}", ())
            found = await read(api, f"user:{owner}", KEPT) if known else []
            oldest = [item for item in found if int(item["position"]) <= int(known[0]["position"])] if known else []
            assert oldest == list(known)
    items = (await expected(api))[f"user:{owner}"]
    assert len(items) == 61
    assert await read(api, f"user:{owner}", 100) == items


async def test_feeds_are_there_without_valkey(servers: Servers) -> None:
    """Nobody answers at its port: the tables do."""
    async with running_api(servers, f"redis://127.0.0.1:{free_port()}") as api:
        await store(api.database_url, everything(Random(6), 120))
        for feed, items in (await expected(api)).items():
            assert await read(api, feed, 50) == items[:50]


async def test_a_teams_feed_is_that_of_its_members_now(api: Client) -> None:
    """Who joins brings what is theirs, who leaves takes it along; what concerns two members is there once."""
    team, ada, bo = (str(UUID(int=number)) for number in (1, 2, 3))
    await api.ask('mutation($id: ID!) { createTeam(input: { id: $id, name: "T" }) { version } }', {"id": team})
    for user in (ada, bo):
        await api.ask('mutation($id: ID!) { createUser(input: { id: $id, name: "U" }) { version } }', {"id": user})
    assert await read(api, f"team:{team}", 50) == []
    join = "mutation($id: ID!, $t: ID!) { joinTeam(input: { id: $id, teamId: $t }) { version } }"
    for user in (ada, bo):
        assert (await api.ask(join, {"id": user, "t": team})).data
    sales = await pipeline(api)
    given = {"id": str(uuid4()), "name": "D", "pipelineId": sales["id"], "amount": usd(1), "ownerId": ada}
    opened = (await api.ask(OPEN, {"input": given})).data["openDeal"]
    assert not opened["userErrors"]
    change = "mutation($id: ID!, $o: ID) { changeDealOwner(input: { id: $id, ownerId: $o }) { version } }"
    assert (await api.ask(change, {"id": given["id"], "o": bo})).data
    feeds = await expected(api)
    both = {item["position"]: item for user in (ada, bo) for item in feeds[f"user:{user}"]}
    union = [both[position] for position in sorted(both, key=int, reverse=True)]
    assert sum(item["type"] == "deal.owner_changed" for item in union) == 1
    for _ in range(2):
        assert await read(api, f"team:{team}", 50) == union
        assert await read(api, f"team:{team}", 2) == union[:2]
    leave = "mutation($id: ID!) { leaveTeam(input: { id: $id }) { version } }"
    assert (await api.ask(leave, {"id": bo})).data
    assert await read(api, f"team:{team}", 50) == (await expected(api))[f"user:{ada}"]


async def test_a_line_names_the_entity_as_it_was_then(api: Client) -> None:
    """From the tables and from Valkey alike; a change of the hierarchy knows no name."""
    open_account = "mutation($n: String!) { openAccount(input: { name: $n }) { account { id } } }"
    child, parent = [(await api.ask(open_account, {"n": n})).data["openAccount"]["account"]["id"] for n in "AB"]
    for change in (
        f'changeAccountDetails(input: {{ id: "{child}", name: "A2" }}) {{ version }}',
        f'setAccountParent(input: {{ id: "{child}", parentId: "{parent}" }}) {{ version }}',
    ):
        assert (await api.ask(f"mutation {{ {change} }}")).data
    query = "query($account: ID, $after: String) { feed(accountId: $account, readAfter: $after) { kind name } }"
    variables = {"account": child, "after": await at_head(api)}
    for _ in range(2):
        found = (await ask(api, variables, query=query)).data["feed"]
        assert [(item["kind"], item["name"]) for item in found] == [
            ("ACCOUNT", None), ("ACCOUNT", "A2"), ("ACCOUNT", "A"),
        ]  # fmt: skip


REFUSED: Sequence[tuple[dict[str, Any], str]] = (
    ({"user": str(uuid4())}, "NOT_FOUND"),
    ({"team": str(uuid4())}, "NOT_FOUND"),
    ({"account": str(uuid4())}, "NOT_FOUND"),
    ({"user": "x"}, "BAD_REQUEST"),
    ({"user": str(uuid4()), "team": str(uuid4())}, "BAD_REQUEST"),
    ({"first": -1}, "BAD_REQUEST"),
    ({"first": 1_001}, "BAD_REQUEST"),
    ({"after": "x"}, "BAD_REQUEST"),
)


async def test_what_cannot_be_a_feed_is_refused(api: Client) -> None:
    """With the same code by both ways of executing a query."""
    for variables, code in REFUSED:
        for query in (FEED, RESOLVED):
            assert (await ask(api, variables, query=query)).codes == [code], variables
    assert (await ask(api, {"first": 0})).data["feed"] == []


async def test_nobody_sees_the_feeds_of_another_tenant(api: Client) -> None:
    """They look as if they were absent."""
    user = str(uuid4())
    made = 'mutation($id: ID!) { createUser(input: { id: $id, name: "U" }) { version } }'
    assert (await api.ask(made, {"id": user})).data
    assert len(await read(api, f"user:{user}", 5)) == 1
    assert (await ask(api, {"user": user}, tenant=OTHER)).codes == ["NOT_FOUND"]
    assert (await ask(api, {}, user="tester", tenant=OTHER)).data["feed"] == []


async def test_a_users_own_feed_is_theirs_however_the_token_writes_their_id(api: Client) -> None:
    """What is theirs is under their id, what they did under the name that they did it by."""
    user = str(uuid4()).replace("0", "a")
    made = 'mutation($id: ID!) { createUser(input: { id: $id, name: "U" }) { version } }'
    assert (await api.ask(made, {"id": user})).data
    assert len(await read(api, "user:ada", 5, user=user)) == 1
    assert len(await read(api, "user:ada", 5, user=user.upper())) == 1
    assert await read(api, "user:ada", 5, user="somebody else") == []
