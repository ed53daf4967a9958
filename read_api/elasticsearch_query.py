"""A question -> what Elasticsearch is asked: where entities are found, how well, in which order, what is counted. Pure.

Entries are as projections.views.search_documents says them: what is folded there is compared as it is, so nothing is
analysed here. Every clause has a constant score, so that a score is a rank: the same as PostgreSQL's search gives.
"""

import re
from typing import Any, Final

from event_schemas.folding import spelled
from event_schemas.streams import Position, TenantId
from read_api.search import Match, Place, Question
from read_api.search_terms import Terms

Clause = dict[str, Any]

OWNERS: Final = 50
STAGES: Final = 50
_KINDS: Final = 50
_LONGEST_LABEL: Final = 200
_LONGEST_PIECE: Final = 100
_MOST_NEAR: Final = 50
"""Words that one with a typo may have been meant to be."""

_TIERS: Final = {Match.EXACT: 500, Match.PREFIX: 400, Match.WORD: 300, Match.FRAGMENT: 200, Match.TYPO: 100}
_IN_NAME: Final = 20
_WHOLE_WORDS: Final = 10
_NOT_ARCHIVED: Final = 1000

_FINDABLE = re.compile(r"[a-z0-9]{3}")
SOURCE: Final = ("name", "archived", "merged_into_id", "texts", "meant")
SORT: Final = ({"_score": "desc"}, {"label": "asc"}, {"kind": "asc"}, {"id": "asc"})


def rank_of(score: float) -> int:
    """A hit's rank: what is archived has less than nothing."""
    return int(score) - _NOT_ARCHIVED


def match_of(rank: int) -> Match:
    """How it was found."""
    tier = rank % _NOT_ARCHIVED // 100 * 100
    return next(match for match, least in _TIERS.items() if least == tier)


def request(
    question: Question, terms: Terms, *, tenant: TenantId, until: Position | None, is_forgiving: bool
) -> dict[str, Any]:
    """The body of a search; one hit more than is wanted says whether there are more.

    ``until`` leaves out what came into being later: for a page that is not read from the point in time of the first.
    """
    body = {
        "query": {
            "bool": {
                "filter": _filters(question, tenant, until),
                "must": [{"dis_max": {"queries": _ways(terms, tenant, is_forgiving)}}],
                "should": _merits(terms),
            }
        },
        "sort": SORT,
        "size": question.first + 1,
        "source": SOURCE,
        "track_total_hits": True,
        "aggs": _COUNTS,
    }
    if question.after is not None:
        body["search_after"] = _place(question.after)
    return body


def _place(place: Place) -> list[Any]:
    return [place.rank + _NOT_ARCHIVED, place.label, place.kind, str(place.id)]


def _filters(question: Question, tenant: TenantId, until: Position | None) -> list[Clause]:
    """The tenant's entities, and of those the wanted ones."""
    found: list[Clause] = [
        {"term": {"tenant": tenant}},
        {"term": {"deleted": False}},
    ]
    if until is not None:
        found.append({"range": {"born": {"lte": until}}})
    if question.kinds is not None:
        found.append({"terms": {"kind": question.kinds}})
    if question.owner is not None:
        found.append({"term": {"owner_id": str(question.owner)}})
    if question.stage is not None:
        found.append({"term": {"stage_id": str(question.stage)}})
    return found


def _ways(terms: Terms, tenant: TenantId, is_forgiving: bool) -> list[Clause]:
    """All ways to be found; of those that find an entity the best counts."""
    phrase = terms.phrase[:_LONGEST_LABEL]
    words = [_word(word) for word in terms.words]
    pieces = [_within(piece) for piece in terms.pieces]
    ways = [_scored(Match.EXACT, _equals(phrase)), _scored(Match.PREFIX, {"prefix": {"label": {"value": phrase}}})]
    if terms.pieces:
        complete: Clause = {"terms": {"letters": [spelled(piece)[:_LONGEST_PIECE] for piece in terms.pieces]}}
        ways += [_scored(Match.EXACT, *words, *pieces, complete), _scored(Match.FRAGMENT, *words, *pieces)]
    else:
        ways.append(_scored(Match.WORD, *words))
    if terms.number is not None:
        ways += [
            _scored(Match.EXACT, {"term": {"letters": terms.number}}),
            _scored(Match.FRAGMENT, _within(terms.number)),
        ]
    if is_forgiving and words:
        ways += [
            _scored(Match.FRAGMENT, *words[:place], *words[place + 1 :], *pieces, _within(word))
            for place, word in enumerate(terms.words)
            if _FINDABLE.search(spelled(word))
        ]
        near = [_meant(word, terms, tenant) for word in terms.words]
        ways.append(_scored(Match.FRAGMENT if pieces else Match.TYPO, *near, *pieces))
    return ways


def _merits(terms: Terms) -> list[Clause]:
    """What makes one hit better than another that was found the same way."""
    merits = [_constant([{"term": {"archived": False}}], _NOT_ARCHIVED)]
    if terms.words:
        merits.append(_constant([{"term": {"label.starts": word}} for word in terms.words], _IN_NAME))
        merits.append(_constant([{"term": {"words": word}} for word in terms.words], _WHOLE_WORDS))
    return merits


def _equals(phrase: str) -> Clause:
    return {"term": {"label": phrase}}


def _word(word: str) -> Clause:
    """The beginning of one of the words; a letter of one byte is a word alone."""
    return {"term": {"words.starts" if len(word.encode()) > 1 else "words": word}}


def _within(piece: str) -> Clause:
    """Anywhere in what is close: its threes of letters in their order are the piece."""
    return {"match_phrase": {"letters.pieces": spelled(piece)[:_LONGEST_PIECE]}}


def _meant(word: str, terms: Terms, tenant: TenantId) -> Clause:
    """The beginning of a word, or a word of a name that is near: one edit from a short one, two from a longer one."""
    if word not in terms.forgivable:
        return _word(word)
    fuzzy = {
        "value": f"{tenant}/{word}",
        "fuzziness": 1 if len(word) < 6 else 2,
        "prefix_length": len(tenant) + 1,
        "max_expansions": _MOST_NEAR,
        "transpositions": True,
    }
    return {"bool": {"should": [_word(word), {"fuzzy": {"meant": fuzzy}}], "minimum_should_match": 1}}


def _scored(match: Match, *all_of: Clause) -> Clause:
    return _constant(list(all_of), _TIERS[match])


def _constant(all_of: list[Clause], score: int) -> Clause:
    return {"constant_score": {"filter": {"bool": {"filter": all_of}}, "boost": score}}


_COUNTS: Final[Clause] = {
    "kinds": {"terms": {"field": "kind", "size": _KINDS}},
    "owners": {"terms": {"field": "owner_id", "size": OWNERS}},
    "stages": {
        "terms": {"field": "stage_id", "size": STAGES},
        "aggs": {"pipelines": {"terms": {"field": "pipeline_id", "size": STAGES}}},
    },
}
