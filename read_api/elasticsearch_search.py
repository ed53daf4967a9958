"""``Search`` on Elasticsearch: entities are found, ranked, counted and forgiven there, and marked here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import msgspec
from elasticsearch import ApiError, AsyncElasticsearch, TransportError

from event_schemas.folding import spelled
from event_schemas.streams import START, TenantId
from read_api.consistency import Consistency
from read_api.elasticsearch_query import match_of, rank_of, request
from read_api.elasticsearch_snapshots import KEPT, Snapshot, Snapshots
from read_api.search import (
    Answer,
    Hit,
    KindCount,
    OwnerCount,
    Place,
    Question,
    SearchUnavailable,
    StageCount,
)
from read_api.search_highlights import highlights
from read_api.search_terms import SHORTEST_FORGIVEN, Terms, near, terms_of

ENOUGH: Final = 20
"""Fewer hits than this, and pieces of words and typos are looked for too."""
_GONE: Final = (400, 404)
_DEFECTS: Final = (400, 413)


def index_of(prefix: str) -> str:
    """The alias that projections.sinks.elasticsearch_index keeps."""
    return f"{prefix}-search"


Found = tuple[dict[str, Any], bool]
"""What the server answers, and whether typos were forgiven."""


class _Text(msgspec.Struct, frozen=True):
    field: str
    text: str


_texts = msgspec.json.Decoder(tuple[_Text, ...]).decode


class ElasticsearchSearch:
    """Of one tenant: it stands in every question."""

    def __init__(
        self,
        *,
        client: AsyncElasticsearch,
        snapshots: Snapshots,
        tenant: TenantId,
        consistency: Consistency | None = None,
    ) -> None:
        """``consistency`` waits for what is written there; without it nothing is waited for."""
        self._client = client
        self._snapshots = snapshots
        self._tenant = tenant
        self._consistency = consistency

    async def find(self, question: Question) -> Answer:
        """The hits after a place; raises SearchUnavailable, an ApiError (READ_STALE) and what asyncpg raises."""
        if question.since is not None and self._consistency is not None:
            await self._consistency.wait_for(self._tenant, question.since)
        terms = terms_of(question.text)
        with _translated():
            return await self._find(question, terms)

    async def _find(self, question: Question, terms: Terms) -> Answer:
        if (given := _given(question)) is not None:
            try:
                return _answer(question, terms, given, *await self._look(question, terms, given))
            except ApiError as error:
                if error.status_code not in _GONE:
                    raise
        newest = await self._newest(question)
        try:
            return _answer(question, terms, newest, *await self._look(question, terms, newest))
        except ApiError as error:
            self._snapshots.drop(newest)  # nobody has searched for as long as the server keeps one, or it began anew
            if error.status_code not in _GONE:
                raise
        newest = await self._newest(question)
        return _answer(question, terms, newest, *await self._look(question, terms, newest))

    async def _newest(self, question: Question) -> Snapshot:
        since = START if question.since is None else question.since.position
        until = START if question.after is None else question.after.until
        return await self._snapshots.get(at_least=max(since, until))

    async def _look(self, question: Question, terms: Terms, snapshot: Snapshot) -> Found:
        """Strictly first; when that finds little, forgiving."""
        if not terms.phrase:
            return _NOTHING, False
        found = await self._ask(question, terms, snapshot, is_forgiving=False)
        if _total(found) >= ENOUGH or all(len(spelled(word)) < SHORTEST_FORGIVEN for word in terms.words):
            return found, False
        return await self._ask(question, terms, snapshot, is_forgiving=True), True

    async def _ask(self, question: Question, terms: Terms, snapshot: Snapshot, *, is_forgiving: bool) -> dict[str, Any]:
        # all pages of a point in time show the same; on one of another, what has come since would move the others
        until = None if question.after is None or snapshot.id == question.snapshot else question.after.until
        body = request(question, terms, tenant=self._tenant, until=until, is_forgiving=is_forgiving)
        pit = {"id": snapshot.id, "keep_alive": KEPT}
        answer: dict[str, Any] = (await self._client.search(pit=pit, allow_partial_search_results=False, **body)).body
        return answer


def _given(question: Question) -> Snapshot | None:
    """The point in time of the page before, whose position its place has."""
    if question.snapshot is None or question.after is None:
        return None
    return Snapshot(question.after.until, question.snapshot)


def _answer(question: Question, terms: Terms, snapshot: Snapshot, found: dict[str, Any], is_forgiving: bool) -> Answer:
    hits = found["hits"]["hits"]
    counts = found["aggregations"]
    until = snapshot.position if question.after is None else question.after.until
    return Answer(
        hits=[_hit(each, terms, until, is_forgiving=is_forgiving) for each in hits[: question.first]],
        has_more=len(hits) > question.first,
        total=_total(found),
        capped=False,
        kinds=tuple(KindCount(each["key"], each["doc_count"]) for each in counts["kinds"]["buckets"]),
        owners=tuple(OwnerCount(UUID(each["key"]), each["doc_count"]) for each in counts["owners"]["buckets"]),
        stages=_stages(counts["stages"]["buckets"]),
        position=snapshot.position,
        snapshot=snapshot.id,
    )


_NOTHING: Final[dict[str, Any]] = {
    "hits": {"hits": [], "total": {"value": 0}},
    "aggregations": {name: {"buckets": []} for name in ("kinds", "owners", "stages")},
}


def _total(found: dict[str, Any]) -> int:
    return int(found["hits"]["total"]["value"])


def _stages(buckets: Sequence[Any]) -> tuple[StageCount, ...]:
    return tuple(
        StageCount(UUID(pipeline["key"]), UUID(stage["key"]), pipeline["doc_count"])
        for stage in buckets
        for pipeline in stage["pipelines"]["buckets"]
    )


def _hit(found: dict[str, Any], terms: Terms, until: Any, *, is_forgiving: bool) -> Hit:
    source = found["_source"]
    score, label, kind, entity = found["sort"][:4]
    rank = rank_of(score)
    named = [each.partition("/")[2] for each in source["meant"].split()]
    forgiven = {word: near(word, named) for word in terms.forgivable} if is_forgiving else None
    merged = source["merged_into_id"]
    return Hit(
        kind=kind,
        id=UUID(entity),
        name=source["name"],
        archived=source["archived"],
        merged_into_id=None if merged is None else UUID(merged),
        match=match_of(rank),
        highlights=highlights(((each.field, each.text) for each in _texts(source["texts"])), terms, forgiven),
        place=Place(rank, label, kind, UUID(entity), until),
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except TransportError as error:
        raise SearchUnavailable(f"Elasticsearch: {type(error).__name__}: {error}") from error
    except ApiError as error:
        if error.status_code in _DEFECTS:
            raise
        raise SearchUnavailable(f"Elasticsearch: {type(error).__name__}: {error}") from error
