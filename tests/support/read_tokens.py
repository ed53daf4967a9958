"""The values that the fixed queries' ``<names>`` stand for, found in a past."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from projections.documents.document import Document
from read_api.compiler.sources import Listing, Sort
from read_api.cursors import Cursor, encode
from read_api.graphql.types.account import ACCOUNT_LIST
from read_api.graphql.types.activity import ACTIVITY_LIST
from read_api.graphql.types.agenda import AGENDA
from read_api.graphql.types.deal import DEAL_LIST
from read_api.graphql.types.forecast import FIGURE_LIST
from read_api.graphql.types.funnel import FUNNEL_LEADS
from read_api.graphql.types.lead import LEAD_LIST
from read_api.graphql.types.timeline import TIMELINE_LIST
from tests.support.read_paths import NOW
from tests.support.read_story import Past
from tests.support.read_world import ABSENT

_TOKEN = re.compile(r"<([a-zA-Z_:.]+)>")
_ACCOUNT_DEALS = replace(DEAL_LIST, name="Account.deals")


def filled(value: Any, tokens: Mapping[str, str]) -> Any:
    """A query or its variables with every token replaced."""
    match value:
        case str():
            return _TOKEN.sub(lambda found: tokens[found[1]], value)
        case dict():
            return {key: filled(each, tokens) for key, each in value.items()}
        case list():
            return [filled(each, tokens) for each in value]
        case _:
            return value


def tokens_of(past: Past) -> dict[str, str]:
    """For the tenant demo; another tenant's are called foreign."""
    newest = _newest(past, "demo")
    deals: list[Any] = list(newest["deal"].values())
    parents: list[Any] = [each for each in newest["account_parent"].values() if each.parent_id is not None]  # type: ignore[attr-defined] # a parent's
    busy = next(
        each for each in deals if each.status == "open" and each.account_id and each.owner_id and each.product_id
    )
    family, opened = _family(past, parents)
    quarter = sorted(each.recorded.meta.occurred_at for each in past.versions)[past.head // 4]
    occurred = max(quarter, opened)
    tokens = {
        "deal": busy.id,
        "won": next(each.id for each in deals if each.status == "won"),
        "account": family.parent_id,
        "child": family.account_id,
        "stage": busy.stage_id,
        "pipeline": busy.pipeline_id,
        "product": busy.product_id,
        "user": busy.owner_id,
        "team": next(each.team_id for each in newest["user"].values() if each.team_id),  # type: ignore[attr-defined] # a user's
        **_people(newest),
        "absent": ABSENT,
        "recorded": past.versions[past.head // 2].recorded.meta.recorded_at.isoformat(),
        "occurred": occurred.isoformat(),
        "now": NOW.isoformat(),
        "position": past.head // 3,
        "head": past.head,
        "beyond": past.head + 1,
        **{
            f"foreign_{kind}": past.of("other", kind)[0]
            for kind in ("deal", "account", "pipeline", "product", "team", "user", "lead", "contact", "activity")
        },
    }
    return {name: str(value) for name, value in tokens.items()} | _cursors(past, deals, busy) | _more(past, newest)


def _family(past: Past, parents: list[Any]) -> tuple[Any, datetime]:
    """A subsidiary whose parent was known early and has many deals, and when that parent was opened."""
    opened = {
        each.recorded.entity_id: each.recorded.meta.occurred_at
        for each in past.versions[: past.head // 3]
        if each.before is None
    }
    half: list[Any] = list(_newest(past.until(past.head // 2), "demo")["deal"].values())
    served = [deal.account_id for deal in half]
    known = [each for each in parents if each.parent_id in opened]
    family = max(known, key=lambda each: served.count(each.parent_id))
    return family, opened[family.parent_id]


def _people(newest: dict[str, dict[UUID, Any]]) -> dict[str, UUID]:
    """Those about whom there is the most to say."""
    leads, contacts, activities = (list(newest[kind].values()) for kind in ("lead", "contact", "activity"))
    linked = [each.contact_id for deal in newest["deal"].values() for each in deal.contacts]
    about = [each.id for activity in activities for each in activity.related]
    return {
        "lead": max(leads, key=lambda each: (each.status == "converted", about.count(each.id))).id,
        "merged": next(each.id for each in leads if each.status == "merged"),
        "contact": max(contacts, key=lambda each: (bool(each.accounts), linked.count(each.id))).id,
        "company": max(contacts, key=lambda each: len(each.accounts)).accounts[0].account_id,
        "activity": max(activities, key=lambda each: len(each.related)).id,
        "items": next(each.id for each in newest["deal"].values() if len(each.line_items) > 1),
    }


def _newest(past: Past, tenant: str) -> dict[str, dict[UUID, Document]]:
    found: dict[str, dict[UUID, Document]] = {}
    for version in past.versions:
        if version.recorded.meta.tenant == tenant:
            found.setdefault(version.kind.name, {})[version.recorded.entity_id] = version.document
    return found


def _cursors(past: Past, deals: list[Any], busy: Any) -> dict[str, str]:
    def cursor(listing: Listing, sort: Sort, row: Any, position: int = past.head) -> str:
        return _cursor(listing, sort, row, position)

    found = {}
    for key in DEAL_LIST.sorts:
        for sort in (DEAL_LIST.sort(f"{key}_ASC"), DEAL_LIST.sort(f"{key}_DESC")):
            found[f"after:{sort.name}"] = cursor(DEAL_LIST, sort, busy)
            if sort.key.nullable:
                empty = next(each for each in deals if getattr(each, sort.key.column) is None)
                found[f"null:{sort.name}"] = cursor(DEAL_LIST, sort, empty)
    usual = DEAL_LIST.sort(None)
    middle = sorted(deals, key=lambda deal: deal.opened_at)[len(deals) // 2]
    return found | {
        "after:Account.deals": cursor(_ACCOUNT_DEALS, usual, middle, past.head - 5),
        "after:Figure.deals": cursor(FIGURE_LIST, usual, middle, past.head - 5),
        "after:timeline": cursor(TIMELINE_LIST, TIMELINE_LIST.sort(None), busy, past.head),
        "after:accounts": cursor(ACCOUNT_LIST, ACCOUNT_LIST.sort(None), busy),
        "future": cursor(DEAL_LIST, DEAL_LIST.sort("NAME_ASC"), busy, past.head + 1),
    }


def _cursor(listing: Listing, sort: Sort, row: Any, position: int) -> str:
    key = getattr(row, sort.key.column)
    place = Cursor(position, None, NOW, None if sort.key.unique else row.id, key)
    return encode(listing.name, sort.name, sort.key.type, place)


def _more(past: Past, newest: dict[str, dict[UUID, Any]]) -> dict[str, str]:
    """Cursors of the lists of people, in every order, after a key and after none."""
    found = {}
    for listing, kind in ((LEAD_LIST, "lead"), (ACTIVITY_LIST, "activity")):
        rows = list(newest[kind].values())
        for key, direction in ((key, direction) for key in listing.sorts for direction in ("ASC", "DESC")):
            sort = listing.sort(f"{key}_{direction}")
            filled = [row for row in rows if getattr(row, sort.key.column) is not None]
            found[f"{kind}:{sort.name}"] = _cursor(listing, sort, filled[len(filled) // 2], past.head - 5)
            if sort.key.nullable:
                empty = next(row for row in rows if getattr(row, sort.key.column) is None)
                found[f"{kind}:null:{sort.name}"] = _cursor(listing, sort, empty, past.head - 5)
    leads = sorted(newest["lead"].values(), key=lambda each: each.captured_at)
    due = sorted((each for each in newest["activity"].values() if each.status == "open"), key=lambda each: each.due_at)
    return found | {
        "after:FunnelFigures.leads": _cursor(FUNNEL_LEADS, LEAD_LIST.sort(None), leads[len(leads) // 2], past.head - 5),
        "after:agenda": _cursor(AGENDA, AGENDA.sort(None), due[len(due) // 2], past.head - 5),
    }
