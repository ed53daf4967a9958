"""Search as clients of the API meet it: what a command wrote is found, marked, counted and paged."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from projections.search_bootstrap import elasticsearch_client
from tests.support.api import Client, Setup, running_api
from tests.support.api_commands import deal, pipeline, usd
from tests.support.elastic import new_prefix, remove
from tests.support.network import free_port
from tests.support.servers import Servers

pytestmark = pytest.mark.asyncio(loop_scope="module")

CAPTURE = """
mutation($input: CaptureLeadInput!) { captureLead(input: $input) { token userErrors { message } lead { id } } }"""
SEARCH = """
query($text: String!, $kinds: [Kind!], $owner: ID, $stage: ID, $first: Int, $after: String, $token: String) {
  search(
    text: $text, kinds: $kinds, ownerId: $owner, stageId: $stage, first: $first, after: $after, readAfter: $token
  ) {
    totalCount capped position pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node {
      id kind name match archived mergedIntoId highlights { field pieces { text marked } }
      lead { id name email } deal { id amount { minor } stage { name } } user { name } account { name }
    } }
    facets { kinds { kind count } owners { ownerId count owner { name } } stages { stageId count stage { name } } }
  }
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["postgresql", "elasticsearch"])
async def api(
    servers: Servers, module_redis_url: str, elasticsearch_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[Client]:
    """One API for all tests, then another that searches elsewhere."""
    if request.param == "postgresql":
        async with running_api(servers, module_redis_url) as client:
            yield client
        return
    prefix = new_prefix()
    setup = Setup(elasticsearch_url=elasticsearch_url, elasticsearch_prefix=prefix)
    async with running_api(servers, module_redis_url, setup) as client:
        yield client
    async with elasticsearch_client(elasticsearch_url) as store:
        await remove(store, prefix)


async def captured(api: Client, *, tenant: str = "demo", **given: Any) -> Any:
    """A new lead: the payload."""
    made = (await api.ask(CAPTURE, {"input": given}, tenant=tenant)).data["captureLead"]
    assert not made["userErrors"], made
    return made


async def searched(api: Client, text: str, *, tenant: str = "demo", **given: Any) -> Any:
    """The field's answer."""
    return (await api.ask(SEARCH, {"text": text, **given}, tenant=tenant)).data["search"]


async def test_what_a_command_wrote_is_found_after_its_token(api: Client) -> None:
    """With its kind, the way it was found, marks, and the entity itself; of the other kinds' fields none is there."""
    made = await captured(api, name="Ada Quillfeather", email="ada@quill.example.com", company="Engines & Sons")
    opening = 'mutation($id: ID!) { openAccount(input: {id: $id, name: "Namesake"}) { token } }'
    account = (await api.ask(opening, {"id": made["lead"]["id"]})).data["openAccount"]  # under the same id
    found = await searched(api, "quilfeather", token=account["token"])
    (edge,) = found["edges"]
    lead = {"id": made["lead"]["id"], "name": "Ada Quillfeather", "email": "ada@quill.example.com"}
    pieces = [{"text": "Ada ", "marked": False}, {"text": "Quillfeather", "marked": True}]
    assert edge["node"] == {
        "id": lead["id"],
        "kind": "LEAD",
        "name": "Ada Quillfeather",
        "match": "TYPO",
        "archived": False,
        "mergedIntoId": None,
        "highlights": [{"field": "name", "pieces": pieces}],
        "lead": lead,
        "deal": None,
        "user": None,
        "account": None,
    }
    assert (found["totalCount"], found["capped"]) == (1, False)
    assert found["facets"]["kinds"] == [{"kind": "LEAD", "count": 1}]
    assert int(found["position"]) > 0


async def test_hits_are_counted_and_filtered_with_names(api: Client) -> None:
    """By owner and stage, each with its entity; a filter takes an id that a count gave."""
    user = str(uuid4())
    create = 'mutation($id: ID!) { createUser(input: {id: $id, name: "Una Zephyrine"}) { userErrors { message } } }'
    await api.ask(create, {"id": user})
    sales = await pipeline(api)
    opening = """mutation($input: OpenDealInput!) { openDeal(input: $input) { token userErrors { message } } }"""
    names = [{"name": f"Zephyrine {number}", "amount": usd(7)} for number in range(2)]
    shared = {"pipelineId": sales["id"], "ownerId": user}
    opened = [(await api.ask(opening, {"input": given | shared})).data["openDeal"] for given in names]
    found = await searched(api, "zephyrine", token=opened[-1]["token"])
    assert found["facets"] == {
        "kinds": [{"kind": "DEAL", "count": 2}, {"kind": "USER", "count": 1}],
        "owners": [{"ownerId": user, "count": 2, "owner": {"name": "Una Zephyrine"}}],
        "stages": [{"stageId": sales["New"], "count": 2, "stage": {"name": "New"}}],
    }
    for filters in ({"owner": user}, {"stage": sales["New"]}, {"kinds": ["DEAL", "TEAM"]}):
        deals = await searched(api, "zephyrine", **filters)
        assert [edge["node"]["name"] for edge in deals["edges"]] == ["Zephyrine 0", "Zephyrine 1"]
        assert deals["edges"][0]["node"]["deal"]["stage"] == {"name": "New"}
    assert (await searched(api, "zephyrine", stage=sales["Won"]))["edges"] == []


async def test_pages_follow_on_one_another(api: Client) -> None:
    """Each hit once; the last page knows that it is."""
    made = [await captured(api, name=f"Wobblethwaite {letter}") for letter in "ABCDE"]
    seen: list[str] = []
    after, more = None, True
    while more:
        found = await searched(api, "wobblethwaite", first=2, after=after, token=made[-1]["token"])
        assert found["totalCount"] == 5
        assert found["pageInfo"]["hasPreviousPage"] == bool(seen)
        assert found["pageInfo"]["startCursor"] == found["edges"][0]["cursor"]
        seen += [edge["node"]["name"][-1] for edge in found["edges"]]
        after, more = found["pageInfo"]["endCursor"], found["pageInfo"]["hasNextPage"]
    assert seen == list("ABCDE")
    assert len((await searched(api, "wobblethwaite", first=0))["edges"]) == 0


async def test_a_cursor_belongs_to_its_search(api: Client) -> None:
    """Garbage, another list's, and that of another text or filter are refused alike."""
    made = [await captured(api, name=f"Grimbleshanks {letter}") for letter in "AB"]
    await deal(api)
    cursor = (await searched(api, "grimbleshanks", first=1, token=made[-1]["token"]))["edges"][0]["cursor"]
    assert len((await searched(api, "grimbleshanks", after=cursor))["edges"]) == 1
    listed = "{ deals(first: 1) { edges { cursor } } }"
    foreign = (await api.ask(listed)).data["deals"]["edges"][0]["cursor"]
    for wrong in ("garbage", "AAAA", cursor[:20], "é", foreign, cursor + "A"):
        answer = await api.ask(SEARCH, {"text": "grimbleshanks", "after": wrong})
        assert answer.codes == ["INVALID_CURSOR"], wrong
    for other in ({"text": "grimble"}, {"text": "grimbleshanks", "kinds": ["LEAD"]}):
        assert (await api.ask(SEARCH, {**other, "after": cursor})).codes == ["INVALID_CURSOR"]


async def test_tenants_are_searched_apart(api: Client) -> None:
    """By name, piece and typo: nothing of another tenant's, nor a count of it."""
    made = await captured(api, name="Ferdinand Oxblood", email="ferdi@oxblood.example.com")
    for text in ("Ferdinand Oxblood", "oxbl", "oxblod", "di@oxblood"):
        assert (await searched(api, text, token=made["token"]))["totalCount"] == 1
        there = await searched(api, text, tenant="elsewhere")
        assert (there["totalCount"], there["edges"], there["facets"]["kinds"]) == (0, [], [])


@pytest.mark.parametrize("text", ["", "%", "'", "\\", "🚀", "שלום", "x" * 300_000], ids=lambda text: ascii(text[:9]))
async def test_any_text_is_fine(api: Client, text: str) -> None:
    """It finds what it finds."""
    answer = await api.ask(SEARCH, {"text": text})
    assert answer.data["search"]["edges"] == []


@pytest.mark.parametrize("wrong", [{"first": -1}, {"owner": "x"}, {"stage": "1"}, {"kinds": ["NOTHING"]}])
async def test_a_wrong_argument_is_refused(api: Client, wrong: dict[str, Any]) -> None:
    """With a code that says so."""
    assert (await api.ask(SEARCH, {"text": "a", **wrong})).codes == ["BAD_REQUEST"]
    assert (await api.ask('{ search(text: "a", first: 1001) { totalCount } }')).codes == ["BAD_REQUEST"]


async def test_a_search_that_is_down_takes_nothing_along(servers: Servers, module_redis_url: str) -> None:
    """It answers UNAVAILABLE; commands, lists and entities go on, and /health names it."""
    setup = Setup(elasticsearch_url=f"http://127.0.0.1:{free_port()}")
    async with running_api(servers, module_redis_url, setup) as api:
        made = await captured(api, name="Ada Outage")
        listed = "query($token: String) { leads(readAfter: $token) { edges { node { name } } } }"
        found = await api.ask(listed, {"token": made["token"]})
        assert found.data["leads"]["edges"] == [{"node": {"name": "Ada Outage"}}]
        assert (await api.ask(SEARCH, {"text": "ada"})).codes == ["UNAVAILABLE"]
        health = await api.http.get("/health")
        assert health.json()["parts"]["search"].startswith("down")
