"""Leads, contacts, activities and what surrounds them, as of moments: what a plain look at the past says."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from projections.documents.activity import ActivityStatus
from tests.support.read_asking import ask, moments, printed
from tests.support.read_oracle import Moment, Oracle
from tests.support.read_paths import USER, BothPaths
from tests.support.read_story import Past

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEADS = """query($m: AsOf) { leads(first: 1000, asOf: $m, sort: NAME_ASC) { totalCount position edges { node {
  id name status score scoreReasons attributes { name value } owner { name } account { name }
  capturedAt version } } } }"""
CONTACTS = """query($m: AsOf) { contacts(first: 1000, asOf: $m) { position edges { node {
  id name email lead { name } accounts { account { name } role since } relations { other { name } relation }
  consents { channel given } deals(first: 1000, sort: NAME_ASC) { edges { node { id } } } } } } }"""
ACTIVITIES = """query($m: AsOf) { activities(first: 1000, asOf: $m, sort: NAME_ASC) { edges { node {
  id status overdue related { kind id name } dueAt } } } }"""
ACCOUNTS = """query($m: AsOf) { accounts(first: 1000, asOf: $m) { edges { node {
  id contacts(first: 1000, filter: { archived: false }) { edges { node { id } } }
  timeline(first: 1000) { totalCount edges { node { position entity { kind id name } } } } } } } }"""
FIGURES = "captured qualified disqualified converted conversionRate averageDaysToConvert"
FUNNEL = f"""query($m: AsOf) {{ funnel(asOf: $m, groupBy: [SOURCE, OWNER]) {{ position
  totals {{ {FIGURES} leads(first: 1000) {{ edges {{ node {{ id }} }} }} }}
  groups {{ key figures {{ {FIGURES} }} }} }} }}"""


def nodes(connection: Any) -> list[Any]:
    """What a connection shows."""
    return [edge["node"] for edge in connection["edges"]]


def named(document: Any) -> dict[str, Any] | None:
    """A neighbour by its name."""
    return {"name": document.name} if document else None


def by_name(document: Any) -> tuple[bytes, UUID]:
    """The order of a list by name."""
    return document.name.encode(), document.id


@pytest.mark.parametrize("seed", range(3))
async def test_leads(seed: int, paths: BothPaths, past: Past) -> None:
    """Each lead that was followed at a moment, with its owner and what it became, as of that moment."""
    oracle = Oracle(past, "demo")
    for given, moment, _ in moments(oracle, past, seed):
        shown = (await ask(paths, LEADS, {"m": given}))["leads"]
        followed = [each for each in oracle.all("lead", moment) if not each.archived and each.status != "merged"]
        assert (shown["totalCount"], shown["position"]) == (len(followed), str(moment.position))
        assert nodes(shown) == [_lead(oracle, each, moment) for each in sorted(followed, key=by_name)]


def _lead(oracle: Oracle, lead: Any, moment: Moment) -> dict[str, Any]:
    return {
        "id": str(lead.id),
        "name": lead.name,
        "status": lead.status.upper(),
        "score": lead.score,
        "scoreReasons": list(lead.score_reasons),
        "attributes": [{"name": each.name, "value": each.value} for each in lead.attributes],
        "owner": named(oracle.state("user", lead.owner_id, moment, early=True)),
        "account": named(oracle.state("account", lead.account_id, moment, early=True)),
        "capturedAt": printed(lead.captured_at),
        "version": lead.version,
    }


@pytest.mark.parametrize("seed", range(3))
async def test_contacts(seed: int, paths: BothPaths, past: Past) -> None:
    """Each contact that was worked with, with its links, consents and deals of that moment."""
    oracle = Oracle(past, "demo")
    for given, moment, _ in moments(oracle, past, seed):
        shown = (await ask(paths, CONTACTS, {"m": given}))["contacts"]
        known = [each for each in oracle.all("contact", moment) if not each.archived]
        assert nodes(shown) == [_contact(oracle, each, moment) for each in sorted(known, key=by_name)]


def _contact(oracle: Oracle, contact: Any, moment: Moment) -> dict[str, Any]:
    links = sorted(contact.accounts, key=lambda link: (link.since, link.account_id))
    others = sorted(contact.relations, key=lambda each: (each.since, each.other_id, each.relation))
    consents = sorted(contact.consents, key=lambda each: (each.channel, each.purpose))
    deals = [each for each in oracle.all("deal", moment) if contact.id in {link.contact_id for link in each.contacts}]
    return {
        "id": str(contact.id),
        "name": contact.name,
        "email": contact.email,
        "lead": named(oracle.state("lead", contact.lead_id, moment, early=True)),
        "accounts": [
            {
                "account": named(oracle.state("account", link.account_id, moment, early=True)),
                "role": link.role,
                "since": printed(link.since),
            }
            for link in links
        ],
        "relations": [
            {
                "other": named(oracle.state("contact", each.other_id, moment, early=True)),
                "relation": each.relation.upper(),
            }
            for each in others
        ],
        "consents": [{"channel": each.channel.upper(), "given": each.given} for each in consents],
        "deals": {"edges": [{"node": {"id": str(each.id)}} for each in sorted(deals, key=by_name)]},
    }


@pytest.mark.parametrize("seed", range(3))
async def test_activities(seed: int, paths: BothPaths, past: Past) -> None:
    """Each activity with what it is about as of the moment; overdue counts from that moment."""
    oracle = Oracle(past, "demo")
    for given, moment, at in moments(oracle, past, seed):
        shown = nodes((await ask(paths, ACTIVITIES, {"m": given}))["activities"])
        assert shown == [
            {
                "id": str(each.id),
                "status": each.status.upper(),
                "overdue": each.status is ActivityStatus.OPEN and each.due_at < at,
                "related": [
                    {"kind": ref.kind.upper(), "id": str(ref.id), **(_about(oracle, ref, moment))}
                    for ref in sorted(each.related, key=lambda ref: (ref.kind, ref.id))
                ],
                "dueAt": each.due_at and printed(each.due_at),
            }
            for each in sorted(oracle.all("activity", moment), key=by_name)
        ]


def _about(oracle: Oracle, ref: Any, moment: Moment) -> dict[str, str]:
    return {"name": oracle.state(str(ref.kind), ref.id, moment, early=True).name}


@pytest.mark.parametrize("seed", range(2))
async def test_what_happened_around_an_account(seed: int, paths: BothPaths, past: Past) -> None:
    """Events of the account, of its contacts and deals as of the moment, and of the activities about any of them."""
    oracle = Oracle(past, "demo")
    told = 0
    for given, moment, _ in moments(oracle, past, seed):
        events = list(oracle.told(moment))
        for shown in nodes((await ask(paths, ACCOUNTS, {"m": given}))["accounts"]):
            around = _around(oracle, UUID(shown["id"]), moment)
            expected = [each for each in events if each.entity_id in around and "saved_view" not in each.meta.type]
            entries = nodes(shown["timeline"])
            assert [entry["position"] for entry in entries] == [str(each.position) for each in expected]
            assert [entry["entity"]["id"] for entry in entries] == [str(each.entity_id) for each in expected]
            people = {each for each, kind in around.items() if kind == "contact"}
            assert {node["id"] for node in nodes(shown["contacts"])} == {
                str(each) for each in people if not oracle.state("contact", each, moment).archived
            }
            told += len({entry["entity"]["kind"] for entry in entries}) == 4
    assert told > 0


def _around(oracle: Oracle, account: UUID, moment: Moment) -> dict[UUID, str]:
    """What belongs to an account, with its kind."""
    found = {account: "account"}
    contacts = [
        each for each in oracle.all("contact", moment) if account in {link.account_id for link in each.accounts}
    ]
    found |= {each.id: "contact" for each in contacts}
    found |= {each.id: "deal" for each in oracle.all("deal", moment) if each.account_id == account}
    about = [each for each in oracle.all("activity", moment) if found.keys() & {ref.id for ref in each.related}]
    return found | {each.id: "activity" for each in about}


@pytest.mark.parametrize("seed", range(3))
async def test_funnels(seed: int, paths: BothPaths, past: Past) -> None:
    """Counts, rate and days are those of the leads and owners of the moment, group by group."""
    oracle = Oracle(past, "demo")
    for given, moment, _ in moments(oracle, past, seed):
        shown = (await ask(paths, FUNNEL, {"m": given}))["funnel"]
        leads = [each for each in oracle.all("lead", moment) if not each.archived and each.status != "merged"]
        newest = sorted(leads, key=lambda each: (each.captured_at, each.id), reverse=True)
        behind = shown["totals"].pop("leads")
        assert [node["id"] for node in nodes(behind)] == [str(each.id) for each in newest]
        assert shown["totals"] == _figures(leads)
        groups: dict[tuple[str, str], list[Any]] = {}
        for each in leads:
            owner = oracle.state("user", each.owner_id, moment, early=True)
            groups.setdefault((each.source or "", owner.name if owner else ""), []).append(each)
        assert shown["groups"] == [{"key": list(key), "figures": _figures(groups[key])} for key in sorted(groups)]


def _figures(leads: list[Any]) -> dict[str, Any]:
    converted = [each for each in leads if each.status == "converted"]
    days = [(each.converted_at - each.captured_at) / timedelta(days=1) for each in converted]
    return {
        "captured": len(leads),
        "qualified": sum(each.status in ("qualified", "converted") for each in leads),
        "disqualified": sum(each.status == "disqualified" for each in leads),
        "converted": len(converted),
        "conversionRate": pytest.approx(len(converted) / len(leads), abs=0.000_051) if leads else None,
        "averageDaysToConvert": pytest.approx(sum(days) / len(days), abs=0.005_1) if days else None,
    }


async def test_activity_counts(paths: BothPaths, past: Past) -> None:
    """Every activity counts once: for the owner that it had, on the day (UTC) on which it was done."""
    expected: Counter[tuple[str | None, str, str]] = Counter()
    first, last = date(2025, 6, 1), date(2026, 5, 31)
    for version in past.versions:
        done: Any = version.document
        if version.recorded.meta.tenant == "demo" and version.recorded.meta.type.startswith("activity."):
            earlier: Any = version.before
            day = version.recorded.meta.occurred_at.astimezone(UTC).date()
            is_done = done.status is ActivityStatus.DONE and (earlier is None or earlier.status != ActivityStatus.DONE)
            if is_done and first <= day <= last:
                expected[done.owner_id and str(done.owner_id), done.kind.upper(), str(day)] += 1
    query = "query($f: Date!, $t: Date!) { activityCounts(from: $f, to: $t) { owner { id } kind day done } }"
    shown = (await ask(paths, query, {"f": str(first), "t": str(last)}))["activityCounts"]
    found = {(row["owner"] and row["owner"]["id"], row["kind"], row["day"]): row["done"] for row in shown}
    assert found == expected
    assert len(shown) == len(found) > 5
    assert [row["day"] for row in shown] == sorted(row["day"] for row in shown)


async def test_saved_views_are_ones_own_or_shared(paths: BothPaths, past: Past) -> None:
    """Now and as of any moment: nobody sees what another keeps for themselves, nor what was deleted."""
    oracle = Oracle(past, "demo")
    query = "query($m: AsOf) { savedViews(first: 1000, asOf: $m) { totalCount edges { node { id owner shared } } } }"
    hidden = 0
    now = (None, Moment(past.head), datetime.now(UTC))
    for given, moment, _ in [now, *moments(oracle, past, 1)]:
        shown = (await ask(paths, query, {"m": given}))["savedViews"]
        known = [each for each in oracle.all("saved_view", moment) if not each.deleted]
        mine = [each for each in known if each.shared or each.owner == USER]
        assert [node["id"] for node in nodes(shown)] == [str(each.id) for each in sorted(mine, key=by_name)]
        assert shown["totalCount"] == len(mine)
        hidden += len(known) - len(mine)
    assert hidden > 0
