"""The lists and side lists as of any moment are what a fold of the log up to that moment says."""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from random import Random
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import msgspec
import pytest
from msgspec.structs import asdict

from event_schemas.codec import decode
from event_schemas.envelope import StoredEvent
from event_schemas.streams import StreamName, TenantId
from projections.changes import FOREVER
from projections.documents.account import Account
from projections.documents.activity import Activity
from projections.documents.contact import Contact
from projections.documents.deal import Deal
from projections.documents.document import Document
from projections.documents.lead import Lead
from projections.documents.saved_view import SavedView
from projections.sinks.connection import Connection
from tests.support.events import some_id
from tests.support.histories import everything
from tests.support.projecting import folded
from tests.support.views import project_rows

Expected = dict[str, Any]
EVENTS: Final = everything(Random(11), 900)
HEAD: Final = EVENTS[-1].position
BLOCKS: Final = {"name_block", "name_sound", "phone_block"}
"""Generated columns by which duplicates are found; no answer shows them."""


class Step(NamedTuple):
    """A version of a document, and when it began by both clocks."""

    position: int
    occurred_at: datetime
    document: Document


def _histories(events: Sequence[StoredEvent]) -> dict[tuple[StreamName, UUID], list[Step]]:
    histories: dict[tuple[StreamName, UUID], list[Step]] = {}
    for stored, (before, after) in zip(events, folded(events), strict=True):
        if after is not None and after is not before:
            step = Step(stored.position, decode(stored).meta.occurred_at, after)
            histories.setdefault((stored.stream, stored.entity_id), []).append(step)
    return histories


HISTORIES: Final = _histories(EVENTS)


def known(cls: type[Document], p: int, t: datetime, *, early: bool) -> Iterator[Any]:
    """The documents of a kind at the moment; with early, the first one of what had not begun."""
    for steps in HISTORIES.values():
        if isinstance(steps[0].document, cls):
            had_happened = [step for step in steps if step.position <= p and step.occurred_at <= t]
            if had_happened or early:
                yield (had_happened or steps[:1])[-1].document


def row(document: Document, *hidden: str) -> Expected:
    """A document's fields as columns; what is made of parts is JSON."""
    fields = {name: value for name, value in asdict(document).items() if name not in ("position", *hidden)}
    return {
        name: msgspec.json.decode(msgspec.json.encode(v)) if isinstance(v, tuple) else v for name, v in fields.items()
    }


def parts(name: str, of: str, **renamed: str) -> Callable[[Any], Iterable[Expected]]:
    """The rows of a side list: a document's parts with its id."""

    def rows(document: Any) -> Iterable[Expected]:
        for part in getattr(document, name):
            yield {of: document.id} | {renamed.get(field, field): value for field, value in asdict(part).items()}

    return rows


FUNCTIONS: Sequence[tuple[str, type[Document], Callable[[Any], Iterable[Expected]]]] = (
    ("leads_as_of", Lead, lambda lead: [row(lead)]),
    ("contacts_as_of", Contact, lambda contact: [row(contact)]),
    ("contact_accounts_as_of", Contact, parts("accounts", "contact_id")),
    ("contact_relations_as_of", Contact, parts("relations", "contact_id")),
    ("contact_consents_as_of", Contact, parts("consents", "contact_id")),
    ("activities_as_of", Activity, lambda activity: [row(activity, "related")]),
    ("activity_related_as_of", Activity, parts("related", "activity_id", id="entity_id")),
    ("saved_views_as_of", SavedView, lambda view: [] if view.deleted else [row(view, "deleted")]),
    ("deals_as_of", Deal, lambda deal: [row(deal, "stays")]),
    ("deal_contacts_as_of", Deal, parts("contacts", "deal_id")),
    ("accounts_as_of", Account, lambda account: [row(account)]),
)


def ordered(rows: Iterable[Expected]) -> list[Expected]:
    """In an order of no meaning; an account's parent is another stream's."""
    plain = ({name: value for name, value in one.items() if name != "parent_id"} for one in rows)
    return sorted(plain, key=lambda one: json.dumps(one, sort_keys=True, default=str))


@pytest.fixture
async def api(crm_database: str) -> AsyncIterator[Connection]:
    """The API's view of a tenant with the history, beside another tenant with the same ids."""
    await project_rows(crm_database, [*EVENTS, *everything(Random(12), 100, tenant=TenantId("other"), after=HEAD)])
    connection: Connection = await asyncpg.connect(crm_database, server_settings={"role": "crm_api", "timezone": "UTC"})
    try:
        await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
        await connection.execute("select set_config('crm.tenant', 'demo', false)")
        yield connection
    finally:
        await connection.close()


async def test_every_list_as_of_any_moment_is_what_a_fold_says(api: Connection) -> None:
    """At random positions and instants, at the very moments of events, at the start and for ever; early or not."""
    random = Random(13)
    instants = sorted({step.occurred_at for steps in HISTORIES.values() for step in steps})
    moments = [(HEAD, FOREVER), (0, FOREVER), (HEAD, instants[0])]
    moments += [(random.randrange(HEAD + 1), random.choice([*instants, FOREVER])) for _ in range(40)]
    asked = 0
    for p, t in moments:
        early = random.random() < 0.5
        for function, cls, shown in FUNCTIONS:
            found = [dict(one) for one in await api.fetch(f"select * from {function}($1, $2, $3)", p, t, early)]
            expected = [one for document in known(cls, p, t, early=early) for one in shown(document)]
            assert ordered(found) == ordered(expected), (function, p, t, early)
            asked += len(found)
    assert asked > 3_000


@pytest.mark.parametrize(
    ("now", "function"),
    [
        ("lead_list", "leads_as_of"),
        ("contact_list", "contacts_as_of"),
        ("contact_accounts", "contact_accounts_as_of"),
        ("contact_relations", "contact_relations_as_of"),
        ("contact_consents", "contact_consents_as_of"),
        ("activity_list", "activities_as_of"),
        ("activity_related", "activity_related_as_of"),
        ("saved_view_list", "saved_views_as_of"),
        ("deal_board", "deals_as_of"),
        ("deal_contacts", "deal_contacts_as_of"),
        ("accounts_now()", "accounts_as_of"),
    ],
)
async def test_as_of_now_is_the_list_of_now(api: Connection, now: str, function: str) -> None:
    """Column by column, but for tenant and position, which no answer shows."""
    listed = [dict(one) for one in await api.fetch(f"select * from {now}")]
    as_of = [dict(one) for one in await api.fetch(f"select * from {function}($1, 'infinity', false)", HEAD)]
    shown = {*listed[0]} - {"tenant", "position"} - BLOCKS
    assert shown <= {*as_of[0]}
    assert {*as_of[0]} - shown <= {"accounts", "relations", "consents", "contacts"}
    assert ordered({name: one[name] for name in shown} for one in as_of) == ordered(
        {name: one[name] for name in shown} for one in listed
    )


@pytest.mark.parametrize(
    ("function", "column", "thing", "bound"),
    [
        ("contact_accounts_as_of", "account_id", "account 1", "link_id"),
        ("contact_accounts_as_of", "contact_id", "contact 1", "id"),
        ("contact_relations_as_of", "other_id", "contact 1", "link_id"),
        ("contact_relations_as_of", "contact_id", "contact 1", "id"),
        ("deal_contacts_as_of", "contact_id", "contact 1", "link_id"),
        ("deal_contacts_as_of", "deal_id", "deal 1", "id"),
        ("activity_related_as_of", "entity_id", "lead 1", "link_id"),
        ("activity_related_as_of", "activity_id", "activity 1", "id"),
    ],
)
async def test_links_are_found_from_either_end_by_an_index(
    api: Connection, function: str, column: str, thing: str, bound: str
) -> None:
    """Row security does not keep the id away from it: the plan bounds the index by the id that is asked for."""
    await api.execute("set enable_seqscan = off; set enable_bitmapscan = off")
    query = f"explain select * from {function}({HEAD}, 'infinity', false) where {column} = '{some_id(thing)}'"
    plan = [line[0] for line in await api.fetch(query)]
    conditions = [line for line in plan if "Index Cond" in line]
    assert any(f"({bound} = '{some_id(thing)}'::uuid)" in line for line in conditions), plan
