"""What holds of the search in Elasticsearch beside the contract: points in time, other tenants' words, outages."""

from collections.abc import AsyncIterator
from itertools import product

import pytest
from elasticsearch import AsyncElasticsearch
from msgspec.structs import replace

from event_schemas.lead import LeadDetailsChanged
from event_schemas.people import PersonChange
from event_schemas.streams import Position, StreamName
from event_schemas.token import ConsistencyToken
from event_schemas.topics import LOG
from projections.search_bootstrap import elasticsearch_client
from projections.sinks.connection import connected
from read_api.search import Question, SearchUnavailable
from tests.support.elastic import ElasticsearchSearched, new_prefix, remove, searched_by
from tests.support.events import Log, some_id
from tests.support.network import free_port
from tests.support.searching import OTHER_TENANT, find, leads, names

LATER = 3_600.0


@pytest.fixture(params=[0.0])
async def searched(
    crm_database: str, elasticsearch: AsyncElasticsearch, request: pytest.FixtureRequest
) -> AsyncIterator[ElasticsearchSearched]:
    """Nothing to be found yet. The parameter: after how many seconds a search looks for what is new."""
    prefix = new_prefix()
    async with connected(crm_database) as connection:
        yield await searched_by(elasticsearch, connection, prefix, every=request.param)
    await remove(elasticsearch, prefix)


def renamed(log: Log, name: str, to: str) -> None:
    """A lead gets another name."""
    log.append("lead", some_id(name), LeadDetailsChanged(person=PersonChange(name=to)))


async def test_pages_of_one_moment_hold_together(searched: ElasticsearchSearched) -> None:
    """Whatever is renamed, comes or goes between them: with the first page's snapshot the others are as they were."""
    log = Log()
    leads(log, "Marlow A", "Marlow B", "Marlow C", "Marlow D")
    await searched.learn(log.events)
    first = await searched.find(Question(text="marlow", first=2))
    renamed(log, "Marlow A", "Marlow Z")
    renamed(log, "Marlow C", "Marlow 1")
    renamed(log, "Marlow D", "Gone")
    leads(log, "Marlow New")
    await searched.learn(log.events)
    after = Question(text="marlow", first=2, after=first.hits[-1].place, snapshot=first.snapshot)
    second = await searched.find(after)
    assert names(first) + names(second) == ["Marlow A", "Marlow B", "Marlow C", "Marlow D"]
    assert (second.total, second.has_more, second.position) == (4, False, first.position)
    assert await find(searched, "marlow") == ["Marlow 1", "Marlow B", "Marlow New", "Marlow Z"]


@pytest.mark.parametrize("is_known", [True, False])
async def test_pages_go_on_when_their_moment_is_gone(
    searched: ElasticsearchSearched, elasticsearch: AsyncElasticsearch, *, is_known: bool
) -> None:
    """Or is none: as of now, after the same place, without what has come into being since."""
    log = Log()
    leads(log, "Marlow A", "Marlow B", "Marlow C")
    await searched.learn(log.events)
    first = await searched.find(Question(text="marlow", first=2))
    leads(log, "Marlow D")
    await searched.learn(log.events)
    await elasticsearch.close_point_in_time(id=first.snapshot or "")
    snapshot = first.snapshot if is_known else "garbage"
    second = await searched.find(Question(text="marlow", first=2, after=first.hits[-1].place, snapshot=snapshot))
    assert (names(second), second.total) == (["Marlow C"], 3)
    assert second.position > first.position


async def test_a_moment_that_the_server_forgot_is_taken_anew(
    searched: ElasticsearchSearched, elasticsearch: AsyncElasticsearch
) -> None:
    """As after minutes in which nobody searched, or a restart."""
    log = Log()
    leads(log, "Ada")
    await searched.learn(log.events)
    first = await searched.find(Question(text="ada"))
    assert (await searched.find(Question(text="ada"))).snapshot == first.snapshot  # nothing new, nothing opened
    await elasticsearch.close_point_in_time(id=first.snapshot or "")
    again = await searched.find(Question(text="ada"))
    assert names(again) == ["Ada"]
    assert again.snapshot != first.snapshot


@pytest.mark.parametrize("searched", [LATER], indirect=True)
async def test_who_wants_to_see_a_command_sees_it(searched: ElasticsearchSearched) -> None:
    """Others see what is new when the next look is due."""
    log = Log()
    leads(log, "Marlow A")
    await searched.learn(log.events)
    assert await find(searched, "marlow") == ["Marlow A"]
    leads(log, "Marlow B")
    await searched.learn(log.events)
    assert await find(searched, "marlow") == ["Marlow A"]
    wrote = ConsistencyToken(((StreamName(f"lead-demo~{some_id('Marlow B')}"), Position(2)),))
    assert await find(searched, "marlow", since=wrote) == ["Marlow A", "Marlow B"]
    assert await find(searched, "marlow") == ["Marlow A", "Marlow B"]


@pytest.mark.parametrize("searched", [LATER], indirect=True)
async def test_a_lane_that_is_behind_hides_no_command_of_another(searched: ElasticsearchSearched) -> None:
    """What a token names is shown as soon as it is written; the answer's position is that of the whole."""
    log = Log()
    leads(log, "Marlow A")
    await searched.learn(log.events)
    searched.said = Position(1)
    assert await find(searched, "marlow") == ["Marlow A"]
    for name, position in (("Marlow B", 2), ("Marlow C", 3)):
        leads(log, name)
        await searched.learn(log.events)
        wrote = ConsistencyToken(((StreamName(f"lead-demo~{some_id(name)}"), Position(position)),))
        answer = await searched.find(Question(text="marlow", since=wrote))
        assert (names(answer)[-1], answer.position) == (name, 1)


async def test_words_of_other_tenants_take_no_room(searched: ElasticsearchSearched) -> None:
    """Of the words near a mistyped one so many are looked at; another tenant's hundreds of nearer ones do not count."""
    log = Log(OTHER_TENANT)
    leads(log, *(f"lov{one}{two}ace" for one, two in product("abcdefghijklmnopqrst", "abcdefghijklmnopqrst")))
    own = Log(after=len(log.events))
    leads(own, "Ada Lovelace")
    await searched.learn([*log.events, *own.events])
    assert await find(searched, "lvolace") == ["Ada Lovelace"]
    assert len(names(await searched.find(Question(text="lvolace", first=100), OTHER_TENANT))) == 50


async def test_a_server_that_is_away_is_said_to_be() -> None:
    """And nothing else is made of it."""
    async with elasticsearch_client(f"http://127.0.0.1:{free_port()}") as elasticsearch:
        searched = ElasticsearchSearched(_Nobody(), elasticsearch, "any", 0)  # type: ignore[arg-type]  # nothing is learned
        with pytest.raises(SearchUnavailable):
            await searched.find(Question(text="ada"))


async def test_an_index_that_is_not_there_is_an_outage(elasticsearch: AsyncElasticsearch) -> None:
    """Until the projections have made it."""
    searched = ElasticsearchSearched(_Nobody(), elasticsearch, f"{new_prefix()}-search", 0)  # type: ignore[arg-type]  # likewise
    with pytest.raises(SearchUnavailable, match="index_not_found"):
        await searched.find(replace(Question(text="ada"), first=1))


class _Nobody:
    """A view group that has begun."""

    def __init__(self) -> None:
        self.positions = {LOG: Position(0)}
