"""The root fields ``duplicates`` and ``duplicateGroups``: who may be the same, how likely, and why."""

import asyncio
from typing import Any

import strawberry
from strawberry.types import Info

from read_api.as_of import Asked, Moment, Question
from read_api.compiler.arguments import page_size
from read_api.compiler.entities import CONTACTS, LEADS
from read_api.compiler.sources import Entity, One
from read_api.cursors import Cursor, decode, encode
from read_api.duplicate_search import DuplicateSearch, PersonKind
from read_api.duplicates import Group
from read_api.errors import not_found
from read_api.graphql.context import Context
from read_api.graphql.fields import UNSET, resolved
from read_api.graphql.loaders import moment_of, related
from read_api.graphql.rows import Row
from read_api.graphql.types.contact import Contact
from read_api.graphql.types.lead import Lead
from read_api.graphql.types.paging import PageInfo
from read_api.values import parse_id

FIRST = 20
_LISTING = "duplicateGroups"
_RELATIONS = {PersonKind.LEAD: LEADS, PersonKind.CONTACT: CONTACTS}

strawberry.enum(PersonKind, name="PersonKind", description="What duplicates are found of.")


def _entity(entity: Entity, kind: PersonKind) -> Any:
    source = One(entity, (("id", "id"),))

    async def resolve(self: Row, info: Info) -> Any:
        return await related(info.context, source, self) if self.record["kind"] is kind else None

    return resolved(resolve)


def _members(entity: Entity, kind: PersonKind) -> Any:
    source = One(entity, (("id", "id"),))

    async def resolve(self: Row, info: Info) -> Any:
        if self.record["kind"] is not kind:
            return []
        wanted = [Row({"id": each}, self.moment) for each in self.record["members"]]
        rows = await asyncio.gather(*(related(info.context, source, each) for each in wanted))
        return [row for row in rows if row is not None]

    return resolved(resolve)


@strawberry.type(description="Somebody who may be the same; the lead or the contact is there that they are.")
class Duplicate:
    """Resolved on a row of id, kind, score and reasons."""

    lead: Lead | None = _entity(LEADS, PersonKind.LEAD)
    contact: Contact | None = _entity(CONTACTS, PersonKind.CONTACT)
    score: float = strawberry.field(description="How likely it is, from 0.5 to 1.")
    reasons: list[str]


@strawberry.type(description="Some who are probably all the same: merge them into one of them.")
class DuplicateGroup:
    """Resolved on a row of kind, members, score and reasons."""

    leads: list[Lead] = _members(LEADS, PersonKind.LEAD)
    contacts: list[Contact] = _members(CONTACTS, PersonKind.CONTACT)
    score: float = strawberry.field(description="Each is like another one of the group with at least this score.")
    reasons: list[str]


@strawberry.type
class DuplicateGroupEdge:
    """A group in its place."""

    cursor: str
    node: DuplicateGroup


@strawberry.type
class DuplicateGroupConnection:
    """A page of groups."""

    edges: list[DuplicateGroupEdge]
    page_info: PageInfo = strawberry.field(
        description="A page may be short, even empty, and not be the last: go on from endCursor while there is a next."
    )
    position: str = strawberry.field(description="The position of the log as of which all of this is answered.")


async def _duplicates(info: Info, id: strawberry.ID, first: int | None = FIRST, read_after: str | None = UNSET) -> Any:
    context: Context = info.context
    person, limit = parse_id(id), FIRST if first is None else page_size(first)
    kind = await _kind_of(context, person)
    moment = await moment_of(context, Asked(Question.NOW))
    found = await DuplicateSearch(context.transaction, kind).of(person, limit)
    return [
        Row({"id": other, "kind": kind, "score": match.score, "reasons": list(match.reasons)}, moment)
        for other, match in found
    ]


async def _kind_of(context: Context, person: Any) -> PersonKind:
    for kind, entity in _RELATIONS.items():
        if await context.transaction.fetch(f"select i.id from {entity.relation(None)} i where i.id = $1::uuid", person):
            return kind
    raise not_found()


async def _groups(
    info: Info,
    kind: PersonKind,
    first: int | None = FIRST,
    after: str | None = UNSET,
    read_after: str | None = UNSET,
) -> Any:
    context: Context = info.context
    limit = FIRST if first is None else page_size(first)
    place = decode(_LISTING, kind.value, "text", after).id if after else None
    moment = await moment_of(context, Asked(Question.NOW))
    page = await DuplicateSearch(context.transaction, kind).groups(limit, place)
    edges = [_edge(context, kind, group, moment) for group in page.groups]
    return DuplicateGroupConnection(
        edges=edges,
        page_info=PageInfo(
            has_next_page=page.has_more,
            has_previous_page=place is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=_cursor(context, kind, page.reached, moment),
        ),
        position=str(moment.position),
    )


def _edge(context: Context, kind: PersonKind, group: Group, moment: Moment) -> DuplicateGroupEdge:
    record = {"kind": kind, "members": group.members, "score": group.score, "reasons": list(group.reasons)}
    node: Any = Row(record, moment)
    return DuplicateGroupEdge(cursor=_cursor(context, kind, group.members[0], moment), node=node)


def _cursor(context: Context, kind: PersonKind, reached: Any, moment: Moment) -> str:
    return encode(_LISTING, kind.value, "text", Cursor(moment.pin, None, context.now, reached, ""))


def duplicates(description: str) -> Any:
    """The root field."""
    return resolved(_duplicates, description=description)


def duplicate_groups(description: str) -> Any:
    """The root field."""
    return resolved(_groups, description=description)
