"""Fixed queries and the paths that they must take: read_corpus.graphql, and every sort, moment and filter."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from read_api.compiler.errors import Reason

DEAL = (
    "id name status amount{minor currency} expectedClose openedAt closedAt stageEnteredAt daysInStage lossReason"
    " lossDetail version pipeline{id name currency definedAt version} stage{id name probability category retired}"
    " account{id name} owner{id name manager{id name}} product{id name price{minor currency}}"
    " stageHistory{enteredAt leftAt stage{id name}}"
)
ACCOUNT = (
    "id name sector yearEstablished revenue{minor currency} employees location territory archived openedAt version"
    " owner{name team{name}} parent{id name parent{id}}"
)
PAGE = "totalCount position pageInfo{hasNextPage hasPreviousPage startCursor endCursor}"
FIGURES = " ".join(f"{figure}{{count amount{{minor currency}}}}" for figure in ("open", "weighted", "won", "lost"))

_FILE = Path(__file__).with_name("read_corpus.graphql")
_SORTS = {
    "deals": ("OPENED_AT", "NAME", "AMOUNT", "EXPECTED_CLOSE"),
    "accounts": ("NAME", "OPENED_AT"),
    "pipelines": ("NAME", "DEFINED_AT"),
    "products": ("NAME", "LISTED_AT"),
    "teams": ("NAME", "CREATED_AT"),
    "users": ("NAME", "CREATED_AT"),
}
_MOMENTS = {
    "recorded": '{at:"<recorded>"}',
    "recorded named": '{at:"<recorded>",clock:RECORDED}',
    "occurred": '{at:"<occurred>",clock:OCCURRED}',
    "position": '{position:"<position>"}',
    "nothing yet": '{position:"0"}',
    "ahead": '{at:"2030-01-01T00:00:00Z"}',
    "just now": '{at:"<now>"}',
    "head": '{position:"<head>"}',
    "null": "null",
}
_AS_OF = {
    "deals": f"deals(first:20,asOf:%s){{{PAGE} edges{{cursor node{{{DEAL}}}}}}}",
    "deal": f'deal(id:"<deal>",asOf:%s){{{DEAL}}}',
    "account": f'account(id:"<account>",asOf:%s){{{ACCOUNT} children(first:3){{{PAGE} edges{{node{{id name}}}}}}'
    f" deals(first:3,sort:NAME_ASC){{{PAGE} edges{{cursor node{{{DEAL}}}}}}}}}",
    "teams": "teams(asOf:%s){edges{node{name region manager{name} members{name team{name}}}}}",
    "pipelines": "pipelines(asOf:%s){edges{node{name stages{name probability retired}}}}",
    "products": "products(asOf:%s){totalCount edges{node{name price{minor} retired}}}",
    "users": "users(asOf:%s,first:4){edges{node{name manager{name team{name}}}}}",
    "forecast": f"forecast(asOf:%s,groupBy:[TEAM,STAGE])"
    f"{{position totals{{{FIGURES}}} groups{{key figures{{{FIGURES}}}}}}}",
}
_DEAL_FILTERS = (
    *("", "status:WON", "status:null", 'stageId:"<stage>"', 'pipelineId:"<pipeline>"', 'ownerId:"<user>"'),
    *('accountId:"<account>"', 'productId:"<product>"', 'teamId:"<team>"', 'amountMin:"55000"'),
    *('amountMax:"55000",amountMin:"100"', 'expectedCloseFrom:"2024-06-30"', 'expectedCloseTo:"2024-06-30"'),
    *('openedFrom:"<occurred>"', 'openedTo:"<occurred>"', 'closedFrom:"<recorded>"', 'closedTo:"<recorded>"'),
    *('nameContains:"ACM"', 'nameContains:"%"', 'nameContains:"é"', 'nameContains:""', 'ownerId:"<foreign_user>"'),
)
_ACCOUNT_FILTERS = (
    *('sector:"retail"', 'ownerId:"<user>"', 'parentId:"<account>"', 'territory:"west"', "archived:true"),
    'nameContains:"acme"',
)
_DIMENSIONS = ("OWNER", "MANAGER", "REGION", "TEAM", "PRODUCT", "ACCOUNT", "STAGE", "CLOSE_MONTH")


@dataclass(frozen=True)
class Case:
    """A query with its variables and its path: None for the compiled one, else why not."""

    name: str
    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    reason: Reason | None = None
    tenant: str = "demo"
    operation: str | None = None


def _written() -> Iterator[Case]:
    for block in _FILE.read_text().split("\n## ")[1:]:
        name, *lines = block.strip().splitlines()
        notes = dict(re.findall(r"^# (\w+): (.*)$", "\n".join(lines), re.MULTILINE))
        yield Case(
            name=name,
            query="\n".join(line for line in lines if not line.startswith("# ")),
            variables=json.loads(notes.get("variables", "{}")),
            reason=Reason(notes["reason"]) if "reason" in notes else None,
            tenant=notes.get("tenant", "demo"),
            operation=notes.get("operation"),
        )


def _sorted() -> Iterator[Case]:
    for listing, keys in _SORTS.items():
        for key, direction in product(keys, ("ASC", "DESC")):
            text = f"{{{listing}(first:7,sort:{key}_{direction}){{{PAGE} edges{{cursor node{{id name}}}}}}}}"
            yield Case(f"{listing} {key} {direction}", text)


def _continued() -> Iterator[Case]:
    query = f"query($a:String,$s:DealSort){{deals(first:5,after:$a,sort:$s){{{PAGE} edges{{cursor node{{{DEAL}}}}}}}}}"
    for key, direction in product(_SORTS["deals"], ("ASC", "DESC")):
        sort = f"{key}_{direction}"
        yield Case(f"after {sort}", query, {"a": f"<after:{sort}>", "s": sort})
        if key == "EXPECTED_CLOSE":
            yield Case(f"after a null {sort}", query, {"a": f"<null:{sort}>", "s": sort})


def _as_of() -> Iterator[Case]:
    for (what, text), (when, moment) in product(_AS_OF.items(), _MOMENTS.items()):
        yield Case(f"{what} as of {when}", f"{{{text % moment}}}")


def _filtered() -> Iterator[Case]:
    for condition in _DEAL_FILTERS:
        below = "{totalCount edges{node{id name owner{name}}}}"
        yield Case(f"deals where {condition}", f"{{deals(first:5,filter:{{{condition}}}){below}}}")
        moment = '{at:"<occurred>",clock:OCCURRED}'
        yield Case(f"deals as of where {condition}", f"{{deals(first:5,filter:{{{condition}}},asOf:{moment}){below}}}")
    for condition in _ACCOUNT_FILTERS:
        yield Case(
            f"accounts where {condition}",
            f"{{accounts(filter:{{{condition}}}){{totalCount edges{{node{{{ACCOUNT}}}}}}}}}",
        )


def _forecasts() -> Iterator[Case]:
    for each in _DIMENSIONS:
        yield Case(f"forecast by {each}", f"{{forecast(groupBy:{each}){{groups{{key figures{{{FIGURES}}}}}}}}}")


CASES = [*_written(), *_sorted(), *_continued(), *_as_of(), *_filtered(), *_forecasts()]
