"""Duplicates over HTTP, from real views; and what is asked of PostgreSQL for them."""

from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from event_schemas.streams import TenantId
from read_api.database import Database
from read_api.duplicate_search import EACH_WAY, DuplicateSearch, PersonKind, statement
from tests.support.api import Client
from tests.support.events import some_id

pytestmark = pytest.mark.asyncio(loop_scope="module")

DUPLICATES = """query($id: ID!, $first: Int, $token: String) {
  duplicates(id: $id, first: $first, readAfter: $token) { lead { id name } contact { id name } score reasons } }"""
GROUPS = """query($kind: PersonKind!, $first: Int, $after: String, $token: String) {
  duplicateGroups(kind: $kind, first: $first, after: $after, readAfter: $token) {
    edges { cursor node { leads { id } contacts { id } score reasons } }
    pageInfo { hasNextPage hasPreviousPage endCursor } position } }"""


async def send(api: Client, command: str, **fields: Any) -> Any:
    """One command that is accepted; its payload."""
    name = command[0].lower() + command[1:]
    query = f"mutation($input: {command}Input!) {{ {name}(input: $input) {{ token userErrors {{ code message }} }} }}"
    answer = await api.ask(query, {"input": {"id": str(uuid4()), **fields}})
    payload = answer.data[name]
    assert payload["userErrors"] == []
    return payload


async def lead(api: Client, **known: Any) -> str:
    """A lead of whom this is known."""
    identity = str(uuid4())
    await send(api, "CaptureLead", id=identity, **known)
    return identity


async def like(api: Client, person: str, token: str | None = None) -> list[tuple[str, float, list[str]]]:
    """Who is like them."""
    found = (await api.ask(DUPLICATES, {"id": person, "token": token})).data["duplicates"]
    assert all((one["lead"] is None) != (one["contact"] is None) for one in found)
    return [((one["lead"] or one["contact"])["id"], one["score"], one["reasons"]) for one in found]


async def test_leads_that_are_alike_are_found(api: Client) -> None:
    """By address, number and name, the likeliest first, each with its reasons; not those of the other kind."""
    name = "Grace Hopper"
    asked = await lead(api, name=name, email="grace@example.org", phone="+1 415 555 2671")
    by_mail = await lead(api, name="G. Hopper", email=" GRACE@example.org")
    by_phone = await lead(api, name="Grace B. Hopper", phone="(415) 555-2671")
    by_name = await lead(api, name="HOPPER, Grâce")
    await lead(api, name="Alan Turing", email="alan@example.org", phone="+1 415 555 2672")
    contact = await send(api, "CreateContact", name=name, email="grace@example.org")
    found = await like(api, asked, contact["token"])
    assert [one for one, _, _ in found] == [by_mail, by_phone, by_name]
    assert [reasons for _, _, reasons in found] == [
        ["same e-mail address", "similar name (80%)"],
        ["same digits of the phone number", "similar name (92%)"],
        ["same name"],
    ]
    assert all(one[1] >= other[1] for one, other in pairwise(found))
    assert len((await api.ask(DUPLICATES, {"id": asked, "first": 1})).data["duplicates"]) == 1


async def test_who_takes_no_part_is_not_found(api: Client) -> None:
    """Archived, merged and converted ones neither are found nor have duplicates."""
    same = {"name": "Ada Lovelace", "email": "ada@example.org"}
    asked, archived, merged, converted = [await lead(api, **same) for _ in range(4)]
    await send(api, "ArchiveLead", id=archived)
    await send(api, "MergeLead", id=merged, intoId=asked)
    await send(api, "QualifyLead", id=converted)
    token = (await send(api, "ConvertLead", id=converted))["token"]
    for one in (asked, archived, merged, converted):
        assert await like(api, one, token) == []


async def test_contacts_of_one_account_are_likelier(api: Client) -> None:
    """Similar names alone are not enough; with an account in common they are."""
    account = str(uuid4())
    await send(api, "OpenAccount", id=account, name="Acme")
    people = [str(uuid4()) for _ in range(3)]
    token = None
    for person, name in zip(people, ("Katherine Jonson", "Katharine Johnson", "Katherine Jonsson"), strict=True):
        await send(api, "CreateContact", id=person, name=name)
    for person in people[:2]:
        token = (await send(api, "LinkContactAccount", id=person, accountId=account))["token"]
    found = await like(api, people[0], token)
    assert (people[1], ["similar name (91%)", "same company"]) in [(one, reasons) for one, _, reasons in found]


async def test_ids_that_have_no_duplicates_are_refused(api: Client) -> None:
    """What is not there, or of another kind, is not found; what is no id is a bad request."""
    account = str(uuid4())
    token = (await send(api, "OpenAccount", id=account, name="Acme"))["token"]
    for person, code in ((str(uuid4()), "NOT_FOUND"), (account, "NOT_FOUND"), ("x", "BAD_REQUEST")):
        assert (await api.ask(DUPLICATES, {"id": person, "token": token})).codes == [code]
    other = await lead(api, name="Other Tenant")
    assert (await api.ask(DUPLICATES, {"id": other}, tenant="elsewhere")).codes == ["NOT_FOUND"]


async def test_groups_come_page_by_page(api: Client) -> None:
    """Each group once, whole, in pages of any size; merging one of two members ends it."""
    pairs = [[str(uuid4()), str(uuid4())] for _ in range(3)]
    token = None
    for number, pair in enumerate(pairs):
        for person in pair:
            payload = await send(api, "CreateContact", id=person, name=f"Person{number} Number{number}")
            token = payload["token"]

    async def pages(first: int) -> list[list[str]]:
        seen: list[list[str]] = []
        after, more = None, True
        while more:
            asked = {"kind": "CONTACT", "first": first, "after": after, "token": token}
            page = (await api.ask(GROUPS, asked)).data["duplicateGroups"]
            assert len(page["edges"]) <= first
            seen += [sorted(one["id"] for one in edge["node"]["contacts"]) for edge in page["edges"]]
            assert all(edge["node"]["leads"] == [] for edge in page["edges"])
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        return seen

    for first in (1, 2, 50):
        groups = await pages(first)
        assert [group for group in groups if group in list(map(sorted, pairs))] == sorted(map(sorted, pairs))
    token = (await send(api, "MergeContact", id=pairs[0][0], intoId=pairs[0][1]))["token"]
    assert sorted(pairs[0]) not in await pages(50)


async def test_bad_cursors_are_refused(api: Client) -> None:
    """Garbage, and a cursor of the other kind."""
    assert (await api.ask(GROUPS, {"kind": "LEAD", "after": "x"})).codes == ["INVALID_CURSOR"]
    assert (await api.ask(GROUPS, {"kind": "LEAD", "first": 0})).data["duplicateGroups"]["edges"] == []
    cursor = (await api.ask(GROUPS, {"kind": "CONTACT"})).data["duplicateGroups"]["pageInfo"]["endCursor"]
    assert (await api.ask(GROUPS, {"kind": "LEAD", "after": cursor})).codes == ["INVALID_CURSOR"]


SYLLABLES = [consonant + vowel for consonant in "bdfghklmnrs" for vowel in "aeio"]
CROWD = TenantId("crowd")


def typo(random: Random, name: str) -> str:
    """One letter is another, twice there, or left out, after the first three."""
    place = random.randrange(3, len(name))
    return random.choice((name[:place] + "x" + name[place + 1 :], name[:place] + name[place - 1 :], name[:-1]))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowd(api: Client) -> int:
    """4,000 contacts of a tenant, straight in the table, and 200 of them once more, with a typo."""
    random = Random(3)
    rows: list[tuple[UUID, str, str | None]] = []
    for number in range(4_000):
        name = " ".join("".join(random.choices(SYLLABLES, k=3)).title() for _ in range(2))
        rows.append((some_id(f"crowd {number}"), name, f"+4144{number:07d}"))
    for number in range(200):
        _, name, phone = rows[number]
        rows.append((some_id(f"again {number}"), typo(random, name), phone))
    connection = await asyncpg.connect(api.database_url)
    await connection.executemany(
        "insert into contact_list (tenant, id, name, person_name, phone, phone_e164, attributes, archived, created_at,"
        " version, position) values ('crowd', $1, $2, $2, $3, $3, '[]', false, now(), 1, 1)",
        rows,
    )
    await connection.execute("analyze contact_list")
    await connection.close()
    return len(rows)


async def test_a_crowd_is_looked_through(api: Client, crowd: int) -> None:
    """Every one of those who are there twice is in a group, and no pair is found from one side only."""
    database = await Database.connect(api.database_url)
    found: set[UUID] = set()
    async with database.transaction(CROWD) as transaction:
        after, more = None, True
        while more:
            page = await DuplicateSearch(transaction, PersonKind.CONTACT).groups(100, after)
            for group in page.groups:
                assert found.isdisjoint(group.members)
                found.update(group.members)
            after, more = page.reached, page.has_more
    await database.close()
    for number in range(200):
        assert {some_id(f"crowd {number}"), some_id(f"again {number}")} <= found
    assert len(found) < crowd / 10


async def test_nobody_is_looked_for_by_reading_all(api: Client, crowd: int) -> None:
    """Under row security, each way to be alike is found by its index."""
    del crowd
    database = await Database.connect(api.database_url)
    async with database.transaction(CROWD) as transaction:
        rows = await transaction.fetch(
            f"explain {statement('duplicate', PersonKind.CONTACT)}", [some_id("crowd 1")], EACH_WAY
        )
    await database.close()
    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan" not in plan
    for index in ("email", "phone_block", "name_block", "name_sound"):
        assert f"contact_list_{index}" in plan
