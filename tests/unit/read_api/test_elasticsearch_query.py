"""What Elasticsearch is asked: always of one tenant, and scores that are ranks."""

import json
from typing import Any
from uuid import uuid4

import pytest

from event_schemas.streams import Position, TenantId
from read_api.elasticsearch_query import match_of, rank_of, request
from read_api.search import Match, Place, Question
from read_api.search_terms import terms_of

DEMO = TenantId("demo")
TEXTS = ("ada", "ada lovelase", "ada@exam", "ada lovelace@x.com", "555 0123", "a", "Пётр", '"}],"x":{', "x" * 600)


def body(text: str, *, is_forgiving: bool = True, until: Position | None = None, **asked: Any) -> dict[str, Any]:
    """A request's body."""
    question = Question(text=text, **asked)
    return request(question, terms_of(text), tenant=DEMO, until=until, is_forgiving=is_forgiving)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("is_forgiving", [True, False])
def test_every_question_is_of_one_tenant(text: str, *, is_forgiving: bool) -> None:
    """As a filter over all ways to be found; words that may be meant are the tenant's own."""
    asked = body(text, is_forgiving=is_forgiving)
    query = asked["query"]["bool"]
    assert {"term": {"tenant": "demo"}} in query["filter"]
    assert query["must"]
    for fuzzy in _all(asked, "fuzzy"):
        assert fuzzy["meant"]["value"].startswith("demo/")
        assert fuzzy["meant"]["prefix_length"] == len("demo/")
    assert json.loads(json.dumps(asked)) is not None


def test_nothing_is_forgiven_unasked() -> None:
    """Neither typos nor pieces of words."""
    assert list(_all(body("lovelase", is_forgiving=False), "fuzzy")) == []
    assert list(_all(body("lovelase", is_forgiving=False), "match_phrase")) == []
    (fuzzy,) = _all(body("lovelase"), "fuzzy")
    assert fuzzy["meant"]["fuzziness"] == 2
    (fuzzy,) = _all(body("jonh"), "fuzzy")
    assert fuzzy["meant"]["fuzziness"] == 1


def test_filters_stand_beside_the_tenant() -> None:
    """Kinds, owner, stage, and what came into being by then; none of them unless it was asked."""
    owner, stage = uuid4(), uuid4()
    asked = body("ada", kinds=("deal", "lead"), owner=owner, stage=stage, until=Position(7))
    assert asked["query"]["bool"]["filter"][2:] == [
        {"range": {"born": {"lte": 7}}},
        {"terms": {"kind": ("deal", "lead")}},
        {"term": {"owner_id": str(owner)}},
        {"term": {"stage_id": str(stage)}},
    ]
    assert len(body("ada")["query"]["bool"]["filter"]) == 2


def test_a_page_begins_after_a_place() -> None:
    """Whose rank is the score again, also of what is archived."""
    place = Place(-680, "ada", "lead", uuid4(), Position(7))
    assert body("ada", after=place, first=3)["search_after"] == [320, "ada", "lead", str(place.id)]
    assert body("ada", first=3)["size"] == 4
    assert rank_of(320.0) == -680


@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize("merits", [0, 10, 20, 30])
@pytest.mark.parametrize("archived", [0, -1000])
def test_a_rank_says_how_a_hit_was_found(match: Match, merits: int, archived: int) -> None:
    """Whatever else makes it better or worse."""
    tier = {Match.EXACT: 500, Match.PREFIX: 400, Match.WORD: 300, Match.FRAGMENT: 200, Match.TYPO: 100}[match]
    assert match_of(tier + merits + archived) is match


def _all(tree: Any, name: str) -> Any:
    """Every clause of a name."""
    if isinstance(tree, dict):
        if name in tree:
            yield tree[name]
        for each in tree.values():
            yield from _all(each, name)
    elif isinstance(tree, list | tuple):
        for each in tree:
            yield from _all(each, name)
