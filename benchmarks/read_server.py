"""The process that ``benchmarks.read`` measures: the API, the API with resolvers only, and endpoints written by hand.

It tells its own processor time at /cpu, in nanoseconds.
"""

import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import uvicorn
from fastapi import FastAPI, Request, Response

import read_api.bootstrap
from read_api.app import ReadyState
from read_api.authentication import Tokens
from read_api.bootstrap import Addresses, Api, Secrets, system_clock
from read_api.database import Database
from tests.support.secrets import MASTER

SECRET = b"the secret of one benchmark, 32 bytes and more"
JSON = "application/json"


def sql() -> dict[str, str]:
    """The statements written by hand."""
    parts = re.split(r"^-- (\w+) -- .*$", Path(__file__).with_name("read.sql").read_text(), flags=re.MULTILINE)[1:]
    return {name: " ".join(text.split()) for name, text in zip(parts[::2], parts[1::2], strict=True)}


def by_hand(database: Database, tokens: Tokens) -> FastAPI:
    """An endpoint for each answer, with the same authentication and the same transactions."""
    app = FastAPI(openapi_url=None)
    statements = sql()

    async def answer(request: Request, name: str, *arguments: Any) -> Response:
        identity = tokens.bearer(request.headers.get("authorization"))
        async with database.transaction(identity.tenant) as transaction:
            rows = await transaction.fetch(statements[name], *arguments)
        return Response(rows[0]["answer"], media_type=JSON)

    @app.get("/deals")
    async def deals(request: Request, first: int = 50) -> Response:
        return await answer(request, "deals", first)

    @app.get("/deals/{deal}")
    async def deal(request: Request, deal: UUID) -> Response:
        return await answer(request, "deal", deal)

    @app.get("/forecast")
    async def forecast(request: Request) -> Response:
        return await answer(request, "forecast")

    return app


def application(postgres_url: str, redis_url: str) -> FastAPI:
    """All of it in one process, so that everything is measured under the same conditions."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for path, compiled in (("/compiled", True), ("/reference", False)):
                app.mount(path, (await stack.enter_async_context(api(compiled=compiled))).app)
            database = await Database.connect(postgres_url)
            stack.push_async_callback(database.close)
            app.mount("/hand", by_hand(database, Tokens(SECRET, clock=system_clock)))
            yield

    def api(*, compiled: bool) -> Any:
        return read_api.bootstrap.application(
            addresses=Addresses(postgres_url, postgres_url, redis_url),
            secrets=Secrets(SECRET, MASTER),
            transact=refuse,
            ready=ReadyState(),
            compiled=compiled,
        )

    app = FastAPI(lifespan=life, openapi_url=None)

    @app.get("/cpu")
    async def cpu() -> int:
        return time.process_time_ns()

    return app


async def refuse(_command: Any, _request: Any) -> Api:
    """Nothing is written here."""
    raise RuntimeError("this server only reads")


if __name__ == "__main__":
    port, postgres_url, redis_url = sys.argv[1:]
    uvicorn.run(
        application(postgres_url, redis_url), host="127.0.0.1", port=int(port), log_level="warning", loop="uvloop"
    )
