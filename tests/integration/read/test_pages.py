"""A list that is paged through stays the list of the first page, whatever is written meanwhile."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from read_api.compiler.engine import NotCompiled
from read_api.database import Database
from tests.support.databases import fresh_database, migrated_template
from tests.support.read_model import load_past
from tests.support.read_paths import BothPaths
from tests.support.read_story import Past

NODE = "id name status amount{minor} expectedClose version"
PAGE = f"pageInfo{{hasNextPage endCursor}} position totalCount edges{{node{{{NODE}}}}}"
PAGED = "query($a:String,$s:DealSort,$n:Int){{deals(first:$n,after:$a,sort:$s{filter}){{{page}}}}}"
PAGE_SIZE = 12
SORTS = ("OPENED_AT_DESC", "NAME_ASC", "AMOUNT_DESC", "EXPECTED_CLOSE_ASC", "EXPECTED_CLOSE_DESC")
LEADS = (
    "query($a:String,$s:LeadSort,$n:Int){leads(first:$n,after:$a,sort:$s){pageInfo{hasNextPage endCursor}"
    " position totalCount edges{node{id name status score owner{name} activities(first:2){totalCount} version}}}}"
)
LISTS = {
    "deals": (PAGED.format(filter="", page=PAGE), SORTS),
    "open deals": (PAGED.format(filter=",filter:{status:OPEN}", page=PAGE), SORTS),
    "leads": (LEADS, ("CAPTURED_AT_DESC", "NAME_ASC", "SCORE_DESC", "SCORE_ASC", "CONVERTED_AT_ASC")),
}


@pytest.fixture
async def growing(postgres_url: str) -> AsyncIterator[str]:
    """The URL of a database of views whose past this test makes longer."""
    async with fresh_database(postgres_url, template=await migrated_template(postgres_url)) as url:
        yield url


async def ask(paths: BothPaths, query: str, variables: dict[str, Any]) -> Any:
    """The connection that both paths answer."""
    answer = await paths.compiled(query, variables)
    assert not isinstance(answer, NotCompiled), answer
    assert answer == await paths.reference(query, variables)
    (connection,) = orjson.loads(answer)["data"].values()
    return connection


@pytest.mark.parametrize("listing", LISTS)
async def test_pages_show_each_entity_once(listing: str, growing: str, past: Past) -> None:
    """Page by page, with events applied in between, comes what one large page had shown before any of them."""
    position = past.head // 2
    await load_past(growing, past.until(position))
    database = await Database.connect(growing)
    paths = BothPaths(database)
    query, sorts = LISTS[listing]
    whole = {sort: await ask(paths, query, {"s": sort, "n": 1000}) for sort in sorts}
    pages = {sort: [await ask(paths, query, {"s": sort, "n": PAGE_SIZE})] for sort in sorts}
    while any(shown[-1]["pageInfo"]["hasNextPage"] for shown in pages.values()):
        position += 40
        await load_past(growing, past.until(position))
        for sort, shown in pages.items():
            if shown[-1]["pageInfo"]["hasNextPage"]:
                cursor = shown[-1]["pageInfo"]["endCursor"]
                shown.append(await ask(paths, query, {"s": sort, "n": PAGE_SIZE, "a": cursor}))
    now = {sort: await ask(paths, query, {"s": sort, "n": 1000}) for sort in sorts}
    await database.close()
    for sort, shown in pages.items():
        assert [edge for page in shown for edge in page["edges"]] == whole[sort]["edges"]
        assert {page["position"] for page in shown} == {whole[sort]["position"]}
        assert {page["totalCount"] for page in shown} == {whole[sort]["totalCount"]}
        assert now[sort]["edges"] != whole[sort]["edges"]


async def test_pages_below_an_account_are_pinned_too(growing: str, past: Past, tokens: dict[str, str]) -> None:
    """The second page of an account's deals is of the first page's moment, inside a query that answers as of now."""
    await load_past(growing, past.until(past.head // 2))
    database = await Database.connect(growing)
    paths = BothPaths(database)
    query = f"query($i:ID!,$a:String,$n:Int){{account(id:$i){{deals(first:$n,after:$a){{{PAGE}}}}}}}"
    account = tokens["account"]
    whole = (await ask(paths, query, {"i": account, "n": 1000}))["deals"]
    first = (await ask(paths, query, {"i": account, "n": 2}))["deals"]
    await load_past(growing, past)
    rest = (await ask(paths, query, {"i": account, "n": 1000, "a": first["pageInfo"]["endCursor"]}))["deals"]
    assert (await ask(paths, query, {"i": account, "n": 1000}))["deals"]["edges"] != whole["edges"]
    await database.close()
    assert len(whole["edges"]) > 2
    assert first["edges"] + rest["edges"] == whole["edges"]
    assert rest["position"] == whole["position"]
