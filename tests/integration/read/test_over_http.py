"""The fixed queries through the whole application: with and without compiled queries the bytes are the same."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, NamedTuple, NoReturn

import httpx2
import orjson
import pytest
import pytest_asyncio

import read_api.bootstrap
from read_api.app import ReadyState
from read_api.authentication import Role
from read_api.bootstrap import Addresses, Secrets
from tests.support.read_corpus import CASES, Case
from tests.support.read_paths import NOW
from tests.support.read_tokens import filled
from tests.support.secrets import MASTER

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECRET = b"the secret of one test, 32 bytes and more"


class Applications(NamedTuple):
    """The same API twice, and tokens for both."""

    compiled: httpx2.AsyncClient
    resolved: httpx2.AsyncClient
    tokens: Any


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def applications(read_url: str, module_redis_url: str) -> AsyncIterator[Applications]:
    """Over the database of the past, at a fixed time."""
    async with AsyncExitStack() as stack:
        clients, tokens = [], None
        for compiled in (True, False):
            api = await stack.enter_async_context(
                read_api.bootstrap.application(
                    addresses=Addresses(read_url, read_url, module_redis_url),
                    secrets=Secrets(SECRET, MASTER),
                    transact=_refuse,
                    ready=ReadyState(),
                    clock=lambda: NOW,
                    compiled=compiled,
                )
            )
            tokens = api.tokens
            client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=api.app), base_url="http://api")
            clients.append(await stack.enter_async_context(client))
        yield Applications(clients[0], clients[1], tokens)


async def _refuse(_command: object, _request: object) -> NoReturn:
    raise AssertionError("nothing is written here")


@pytest.mark.parametrize("case", [each for each in CASES if "readAfter" not in each.query], ids=lambda case: case.name)
async def test_answers_are_the_same(case: Case, applications: Applications, tokens: dict[str, str]) -> None:
    """Status and body, errors included; none is a defect of ours, and a refusal has a code."""
    token = applications.tokens.issue(tenant=case.tenant, user_id="t", role=Role.VIEWER, lifetime=timedelta(hours=1))
    body = {"query": filled(case.query, tokens), "variables": filled(case.variables, tokens)}
    if case.operation is not None:
        body["operationName"] = case.operation
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    sent = json.dumps(body).encode()  # a lone surrogate is an escape there; orjson refuses to write it
    compiled = await applications.compiled.post("/graphql", content=sent, headers=headers)
    resolved = await applications.resolved.post("/graphql", content=sent, headers=headers)
    assert (compiled.status_code, compiled.content) == (resolved.status_code, resolved.content)
    assert compiled.status_code < 500
    for error in orjson.loads(compiled.content).get("errors", ()):
        assert error["extensions"]["code"] not in ("INTERNAL", "UNAVAILABLE")
