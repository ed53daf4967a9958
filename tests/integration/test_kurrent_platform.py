"""The whole platform with its log in a protocol double of EventStoreDB / KurrentDB."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from event_schemas.streams import START
from tests.contract.subject_rows import erase_subject
from tests.support.api_commands import STAGES, usd
from tests.support.kurrent_double import KurrentDouble
from tests.support.kurrent_platform import KurrentPlatform, kurrent_platform

DEAL = "deal { id name amount { minor } stage { name } version }"


@pytest.fixture
async def platform(double: KurrentDouble, crm_database: str, redis_url: str) -> AsyncIterator[KurrentPlatform]:
    """On that server."""
    async with kurrent_platform(double, crm_database, redis_url) as one:
        yield one


async def pipeline(platform: KurrentPlatform) -> str:
    """A new one."""
    show = "pipeline { id }"
    made = await platform.send("definePipeline", show=show, name="Sales", currency="USD", stages=STAGES)
    identity: str = made["pipeline"]["id"]
    return identity


async def opened(platform: KurrentPlatform, name: str) -> dict[str, Any]:
    """A new deal, and its token."""
    sales = await pipeline(platform)
    return await platform.send("openDeal", show=DEAL, name=name, pipelineId=sales, amount=usd(100))


async def test_a_command_is_read_after_its_token_with_its_history(platform: KurrentPlatform) -> None:
    """From the mutation through the log and the views that follow it to the query; so are history and past."""
    deal = (await opened(platform, "Walk"))["deal"]
    changed = await platform.send("changeDealAmount", show=DEAL, id=deal["id"], amount=usd(250))
    read = f"query($id: ID!, $token: String) {{ d: {DEAL.replace('deal', 'deal(id: $id, readAfter: $token)', 1)} }}"
    found = (await platform.ask(read, id=deal["id"], token=changed["token"]))["d"]
    assert found == {**deal, "amount": {"minor": "250"}, "version": 2}
    history = "query($id: ID!) { history(id: $id) { edges { node { position: version type changes { field } } } } }"
    told = (await platform.ask(history, id=deal["id"]))["history"]["edges"]
    assert [edge["node"]["type"] for edge in told] == ["deal.opened", "deal.amount_changed"]
    first, _ = [event.position for event in await platform.store.read_all(after=START, limit=10)][1:]
    past = "query($id: ID!, $p: String!) { deal(id: $id, asOf: { position: $p }) { amount { minor } } }"
    assert (await platform.ask(past, id=deal["id"], p=str(first)))["deal"] == {"amount": {"minor": "100"}}


async def test_it_goes_on_after_the_server_was_away(double: KurrentDouble, platform: KurrentPlatform) -> None:
    """Answers are lost and the server restarts between the commands: each has one effect, and the views reach it."""
    changed = await opened(platform, "Trouble")
    deal = changed["deal"]
    for minor in range(1, 6):
        double.faults.lost_answers = 1
        double.faults.duplicates = 2
        changed = await platform.send("changeDealAmount", id=deal["id"], amount=usd(minor))
        await double.restart()
    read = "query($id: ID!, $t: String) { deal(id: $id, readAfter: $t) { version amount { minor } } }"
    found = await platform.ask(read, id=deal["id"], t=changed["token"])
    assert found["deal"] == {"version": 6, "amount": {"minor": "5"}}


async def test_a_lead_is_converted_by_the_process(platform: KurrentPlatform) -> None:
    """Process managers follow this log, keep their checkpoints in PostgreSQL, and open what is sealed."""
    sales = await pipeline(platform)
    lead = (
        await platform.send(
            "captureLead", show="lead { id }", name="Ada Lovelace", email="ada@analytical.example", company="Analytical"
        )
    )["lead"]["id"]
    await platform.send("qualifyLead", id=lead)
    deal = {"name": "Ten", "pipelineId": sales, "amount": usd(400)}
    await platform.send("convertLead", id=lead, newAccount=True, newContact=True, newDeal=deal)
    await platform.processes.settled(await platform.store.head())
    events = await platform.store.read_all(after=START, limit=100)
    later = await platform.send("captureLead", name="Somebody later")
    read = """query($id: ID!, $t: String) { lead(id: $id, readAfter: $t) {
      conversion account { name } contact { name email } deal { name } } }"""
    found = (await platform.ask(read, id=lead, t=later["token"]))["lead"]
    assert found == {
        "conversion": "COMPLETED",
        "account": {"name": "Analytical"},
        "contact": {"name": "Ada Lovelace", "email": "ada@analytical.example"},
        "deal": {"name": "Ten"},
    }
    assert not [event for event in events if b"Lovelace" in event.data or b"ada@" in event.data]


async def test_who_was_erased_is_gone_from_the_history(platform: KurrentPlatform, crm_database: str) -> None:
    """The key is in PostgreSQL; without it what the server holds says nothing, and nothing more is stored."""
    captured = await platform.send("captureLead", show="lead { id }", name="Mary", email="mary@example.com")
    lead = captured["lead"]["id"]
    history = "query($id: ID!) { history(id: $id) { edges { node { changes { field after } } } } }"

    async def names() -> list[Any]:
        edges = (await platform.ask(history, id=lead))["history"]["edges"]
        return [c["after"] for edge in edges for c in edge["node"]["changes"] if c["field"] in ("name", "email")]

    assert "mary@example.com" in await names()
    await erase_subject(crm_database, "demo", lead)  # type: ignore[arg-type] # names
    assert [name for name in await names() if name] == []
