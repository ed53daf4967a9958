"""Fixed queries and the paths that they must take: read_corpus*.graphql, and every sort, moment and filter."""

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

LEAD = (
    "id name email attributes{name value} owner{name} status score scoreReasons conversion account{name} contact{name}"
    " mergedInto{name} archived capturedAt qualifiedAt convertedAt version"
)
CONTACT = (
    "id name email phone attributes{value} owner{name} lead{name} accounts{account{name} role since}"
    " relations{other{name} relation since} consents{channel purpose given evidence changedAt} archived version"
)
ACTIVITY = "id kind subject status owner{name} related{id kind name lead{name}} dueAt overdue doneAt createdAt version"
FUNNEL = "captured qualified disqualified converted conversionRate averageDaysToConvert"
_FILES = [Path(__file__).with_name(name) for name in ("read_corpus.graphql", "read_corpus_people.graphql")]
_SORTS = {
    "deals": ("OPENED_AT", "NAME", "AMOUNT", "EXPECTED_CLOSE"),
    "accounts": ("NAME", "OPENED_AT"),
    "pipelines": ("NAME", "DEFINED_AT"),
    "products": ("NAME", "LISTED_AT"),
    "teams": ("NAME", "CREATED_AT"),
    "users": ("NAME", "CREATED_AT"),
    "leads": ("CAPTURED_AT", "NAME", "SCORE", "CONVERTED_AT"),
    "contacts": ("NAME", "CREATED_AT"),
    "activities": ("CREATED_AT", "DUE_AT", "NAME"),
    "savedViews": ("NAME", "CREATED_AT"),
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
    "lead": f'lead(id:"<lead>",asOf:%s){{{LEAD} activities(first:3){{totalCount edges{{node{{id}}}}}}}}',
    "leads": f"leads(first:20,asOf:%s){{{PAGE} edges{{cursor node{{{LEAD}}}}}}}",
    "contact": f'contact(id:"<contact>",asOf:%s){{{CONTACT} deals(first:3){{totalCount edges{{node{{id}}}}}}}}',
    "contacts": f"contacts(first:20,asOf:%s){{{PAGE} edges{{cursor node{{{CONTACT}}}}}}}",
    "activity": f'activity(id:"<activity>",asOf:%s){{{ACTIVITY}}}',
    "activities": f"activities(first:20,asOf:%s){{{PAGE} edges{{cursor node{{{ACTIVITY}}}}}}}",
    "saved views": "savedViews(asOf:%s){totalCount position edges{cursor node{id name shared owner}}}",
    "parts": 'deal(id:"<items>",asOf:%s){lineItems{total{minor} product{name}} contacts{role since contact{name}}}',
    "company": 'account(id:"<company>",asOf:%s){contacts{totalCount edges{cursor node{name}}} activities{totalCount}'
    " timeline(first:9){totalCount position edges{cursor node{type entity{id kind name}}}}}",
    "funnel": f"funnel(asOf:%s,groupBy:[SOURCE,OWNER])"
    f"{{position totals{{{FUNNEL}}} groups{{key figures{{{FUNNEL}}}}}}}",
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
_PEOPLE_FILTERS = {
    "leads": (
        *(
            "status:QUALIFIED",
            'ownerId:"<user>"',
            'teamId:"<team>"',
            'source:"web"',
            'campaign:"spring"',
            'company:"Acme"',
        ),
        *('email:"ADA@example.ORG"', 'phone:"+14155550123"', 'phone:"(415) 555-0123"', 'externalId:"x-1"'),
        *('accountId:"<account>"', "conversion:FAILED", "scoreMin:50", "scoreMax:50,scoreMin:0", 'nameContains:"AC"'),
        *(
            'capturedFrom:"<occurred>"',
            'capturedTo:"<occurred>"',
            'qualifiedFrom:"<occurred>"',
            'convertedTo:"<recorded>"',
        ),
        *("archived:true", "archived:true,status:MERGED", "status:MERGED"),
    ),
    "contacts": (
        *(
            'ownerId:"<user>"',
            'teamId:"<team>"',
            'accountId:"<company>"',
            'email:"grace@example.org"',
            'phone:"030 1234"',
        ),
        *('externalId:"c-1"', "archived:true", "merged:true", "merged:false", "merged:true,archived:true"),
        *('createdFrom:"<occurred>"', 'createdTo:"<occurred>"', 'nameContains:"é"'),
    ),
    "activities": (
        *(
            "kind:CALL",
            "status:OPEN",
            'ownerId:"<user>"',
            'teamId:"<team>"',
            'relatedId:"<contact>"',
            'relatedId:"<deal>"',
        ),
        *('dueFrom:"<occurred>"', 'dueTo:"<occurred>"', 'createdFrom:"<occurred>"', 'doneTo:"<recorded>"'),
        'nameContains:"a"',
    ),
    "deals": ('contactId:"<contact>"',),
}
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
    for block in (block for file in _FILES for block in file.read_text().split("\n## ")[1:]):
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


def _continued_people() -> Iterator[Case]:
    for listing, kind, sort_type in (("leads", "lead", "LeadSort"), ("activities", "activity", "ActivitySort")):
        below = f"{{{PAGE} edges{{cursor node{{id}}}}}}"
        query = f"query($a:String,$s:{sort_type}){{{listing}(first:5,after:$a,sort:$s){below}}}"
        for key, direction in product(_SORTS[listing], ("ASC", "DESC")):
            sort = f"{key}_{direction}"
            yield Case(f"{listing} after {sort}", query, {"a": f"<{kind}:{sort}>", "s": sort})
            if key in ("SCORE", "CONVERTED_AT", "DUE_AT"):
                yield Case(f"{listing} after a null {sort}", query, {"a": f"<{kind}:null:{sort}>", "s": sort})


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
    moment = '{at:"<occurred>",clock:OCCURRED}'
    for listing, condition in ((listing, each) for listing, all_ in _PEOPLE_FILTERS.items() for each in all_):
        asked = f"first:5,filter:{{{condition}}}"
        below = "{totalCount edges{node{id name owner{name}}}}"
        yield Case(f"{listing} where {condition}", f"{{{listing}({asked}){below}}}")
        yield Case(f"{listing} as of where {condition}", f"{{{listing}({asked},asOf:{moment}){below}}}")


def _forecasts() -> Iterator[Case]:
    for each in _DIMENSIONS:
        yield Case(f"forecast by {each}", f"{{forecast(groupBy:{each}){{groups{{key figures{{{FIGURES}}}}}}}}}")


CASES = [*_written(), *_sorted(), *_continued(), *_continued_people(), *_as_of(), *_filtered(), *_forecasts()]
