"""The root field ``search``: hits of all kinds, what was found where, and how many there are of what."""

from hashlib import sha256
from typing import Any

import msgspec
import strawberry
from strawberry.types import Info

from event_schemas.streams import Position
from event_schemas.token import decode_token
from read_api.as_of import Asked
from read_api.as_of import Question as Instant
from read_api.compiler.arguments import page_size
from read_api.compiler.entities import (
    ACCOUNTS,
    ACTIVITIES,
    CONTACTS,
    DEALS,
    LEADS,
    PIPELINES,
    PRODUCTS,
    STAGES,
    TEAMS,
    USERS,
)
from read_api.compiler.sources import Entity, One
from read_api.cursors import Cursor, decode, encode
from read_api.errors import invalid_cursor
from read_api.graphql.context import Context
from read_api.graphql.fields import UNSET, one, resolved
from read_api.graphql.loaders import moment_of, related
from read_api.graphql.rows import Row
from read_api.graphql.types.account import Account
from read_api.graphql.types.activity import Activity
from read_api.graphql.types.contact import Contact
from read_api.graphql.types.deal import Deal
from read_api.graphql.types.lead import Lead
from read_api.graphql.types.organisation import Team, User
from read_api.graphql.types.paging import PageInfo
from read_api.graphql.types.pipeline import Pipeline, Stage
from read_api.graphql.types.product import Product
from read_api.graphql.types.reference import Kind
from read_api.search import Answer, Match, Place, Question
from read_api.values import parse_id

FIRST = 20
_MOST_RANK = 10**6
_LONGEST_SNAPSHOT = 2_000
"""Longer ones make cursors that nobody takes; without it the next page is read as of now."""

strawberry.enum(Match, name="SearchMatch", description="How a hit was found, the best way first.")


@strawberry.type(description="A part of a text, as it is written.")
class SearchPiece:
    """Resolved on read_api.search.Piece."""

    text: str
    marked: bool = strawberry.field(description="Whether it is what was found.")


@strawberry.type(description="A text in which something was found; of a long one, the part around it.")
class SearchHighlight:
    """Resolved on read_api.search.Highlight."""

    field: str = strawberry.field(description="The field's name; that of a free attribute begins with `attributes.`.")
    pieces: list[SearchPiece] = strawberry.field(description="Together they are the text. Escape each for your markup.")


def _entity(entity: Entity, kind: Kind) -> Any:
    source = One(entity, (("id", "id"),))

    async def resolve(self: Row, info: Info) -> Any:
        return await related(info.context, source, self) if self.record["kind"] == kind.value else None

    return resolved(resolve)


@strawberry.type(description="An entity that was found; of lead, contact and so on the one is there that it is.")
class SearchHit:
    """Resolved on a row of read_api.search.Hit, at the moment of the search."""

    id: strawberry.ID
    kind: Kind
    name: str
    match: Match
    archived: bool = strawberry.field(
        description="Archived, merged into another, or retired: such hits come after all others."
    )
    merged_into_id: strawberry.ID | None
    highlights: list[SearchHighlight]
    lead: Lead | None = _entity(LEADS, Kind.LEAD)
    contact: Contact | None = _entity(CONTACTS, Kind.CONTACT)
    account: Account | None = _entity(ACCOUNTS, Kind.ACCOUNT)
    deal: Deal | None = _entity(DEALS, Kind.DEAL)
    activity: Activity | None = _entity(ACTIVITIES, Kind.ACTIVITY)
    pipeline: Pipeline | None = _entity(PIPELINES, Kind.PIPELINE)
    product: Product | None = _entity(PRODUCTS, Kind.PRODUCT)
    team: Team | None = _entity(TEAMS, Kind.TEAM)
    user: User | None = _entity(USERS, Kind.USER)


@strawberry.type
class SearchEdge:
    """A hit in its place."""

    cursor: str
    node: SearchHit


@strawberry.type
class SearchKindCount:
    """Resolved on read_api.search.KindCount."""

    kind: Kind
    count: int


@strawberry.type
class SearchOwnerCount:
    """Resolved on a row of read_api.search.OwnerCount."""

    owner_id: strawberry.ID
    owner: User | None = one(USERS, id="owner_id")
    count: int


@strawberry.type
class SearchStageCount:
    """Resolved on a row of read_api.search.StageCount."""

    stage_id: strawberry.ID
    stage: Stage | None = one(STAGES, id="stage_id", pipeline_id="pipeline_id")
    count: int


@strawberry.type(
    description="How many hits there are of what, the most first. Hits of nobody and of no stage do not count."
)
class SearchFacets:
    """Counts over all pages."""

    kinds: list[SearchKindCount]
    owners: list[SearchOwnerCount] = strawberry.field(description="The 50 who have the most.")
    stages: list[SearchStageCount] = strawberry.field(description="Of deals; the 50 that have the most.")


@strawberry.type
class SearchConnection:
    """A page of hits."""

    total_count: int = strawberry.field(description="How many hits there are on all pages.")
    capped: bool = strawberry.field(
        description="Whether there may be more hits than were looked at. Pages, totalCount and facets are then of those"
        " that were: the best by name, and some of the others. Say more words to see the rest."
    )
    edges: list[SearchEdge]
    page_info: PageInfo
    facets: SearchFacets
    position: str = strawberry.field(description="The position of the log as of which all of this is answered.")


async def _search(
    info: Info,
    text: str,
    kinds: list[Kind] | None = UNSET,
    owner_id: strawberry.ID | None = UNSET,
    stage_id: strawberry.ID | None = UNSET,
    first: int | None = FIRST,
    after: str | None = UNSET,
    read_after: str | None = UNSET,
) -> Any:
    question = Question(
        text=text,
        kinds=tuple(sorted({each.value for each in kinds})) if kinds else None,
        owner=parse_id(owner_id) if owner_id else None,
        stage=parse_id(stage_id) if stage_id else None,
        first=FIRST if first is None else page_size(first),
    )
    tag = _tag(question)
    place, snapshot = _place(tag, after) if after else (None, None)
    since = decode_token(read_after) if read_after else None  # it was read already, and the tables have reached it
    context: Context = info.context
    asked = msgspec.structs.replace(question, after=place, snapshot=snapshot, since=since)
    answer = await context.search(context.transaction, context.tenant).find(asked)
    if place is not None and place.until > max(answer.position, answer.reach):
        raise invalid_cursor("this cursor is of a later position than the views have: start again without it")
    return await _connection(context, tag, answer, has_previous=place is not None)


async def _connection(context: Context, tag: str, answer: Answer, *, has_previous: bool) -> SearchConnection:
    moment = await moment_of(context, Asked(Instant.NOW))

    def row(struct: msgspec.Struct) -> Any:
        return Row(msgspec.structs.asdict(struct), moment)

    edges = [SearchEdge(cursor=_cursor(tag, hit.place, answer.snapshot, context), node=row(hit)) for hit in answer.hits]
    ends = (edges[0].cursor, edges[-1].cursor) if edges else (None, None)
    return SearchConnection(
        total_count=answer.total,
        capped=answer.capped,
        edges=edges,
        page_info=PageInfo(
            has_next_page=answer.has_more, has_previous_page=has_previous, start_cursor=ends[0], end_cursor=ends[1]
        ),
        facets=SearchFacets(
            kinds=[row(each) for each in answer.kinds],
            owners=[row(each) for each in answer.owners],
            stages=[row(each) for each in answer.stages],
        ),
        position=str(answer.position),
    )


def search(description: str) -> Any:
    """The root field."""
    return resolved(_search, description=description)


def _tag(question: Question) -> str:
    """In cursors: what a place belongs to."""
    asked = (question.text, question.kinds, question.owner, question.stage)
    return sha256(repr(asked).encode()).hexdigest()[:16]


def _cursor(tag: str, place: Place, snapshot: str | None, context: Context) -> str:
    seen = "" if snapshot is None or len(snapshot) > _LONGEST_SNAPSHOT else f"@{snapshot}"
    key = f"{place.rank}|{place.kind}{seen}|{place.label}"
    return encode("search", tag, "text", Cursor(place.until, None, context.now, place.id, key))


def _place(tag: str, text: str) -> tuple[Place, str | None]:
    cursor = decode("search", tag, "text", text)
    rank, _, rest = cursor.key.partition("|")
    kind, bar, label = rest.partition("|")
    kind, _, snapshot = kind.partition("@")
    is_rank = (
        rank.removeprefix("-").isdecimal() and rank.isascii() and abs(int(rank[:9])) <= _MOST_RANK and len(rank) <= 9
    )
    if not (is_rank and bar) or cursor.id is None or cursor.position < 0:
        raise invalid_cursor()
    return Place(int(rank), label, kind, cursor.id, Position(cursor.position)), snapshot or None
