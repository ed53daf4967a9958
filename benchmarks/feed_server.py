"""The process that ``benchmarks.feed`` measures: the API, and a bare read of the same sorted set through FastAPI."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from redis.asyncio import Redis

import read_api.bootstrap
from benchmarks.read_server import SECRET, refuse
from read_api.app import ReadyState
from read_api.authentication import Tokens
from read_api.bootstrap import Addresses, Secrets, system_clock
from tests.support.secrets import MASTER

JSON = "application/json"


def bare(redis: Redis, tokens: Tokens) -> FastAPI:
    """What anybody would write first: who asks, the newest members, as they are."""
    app = FastAPI(openapi_url=None)

    @app.get("/feed")
    async def feed(request: Request, first: int = 50) -> Response:
        identity = tokens.bearer(request.headers.get("authorization"))
        key = f"feed:{{{identity.tenant}}}:user:{identity.user_id}"
        members: Any = await redis.zrange(key, 0, first - 1, desc=True)
        return Response(b"[" + b",".join(members) + b"]", media_type=JSON)

    return app


def application(postgres_url: str, redis_url: str) -> FastAPI:
    """Both in one process, so that they are measured under the same conditions."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for path, compiled in (("/api", True), ("/resolvers", False)):
                api = read_api.bootstrap.application(
                    addresses=Addresses(postgres_url, postgres_url, redis_url),
                    secrets=Secrets(SECRET, MASTER),
                    transact=refuse,
                    ready=ReadyState(),
                    compiled=compiled,
                )
                app.mount(path, (await stack.enter_async_context(api)).app)
            redis = await stack.enter_async_context(Redis.from_url(redis_url))
            app.mount("/bare", bare(redis, Tokens(SECRET, clock=system_clock)))
            yield

    return FastAPI(lifespan=life, openapi_url=None)


if __name__ == "__main__":
    port, postgres_url, redis_url = sys.argv[1:]
    uvicorn.run(
        application(postgres_url, redis_url), host="127.0.0.1", port=int(port), log_level="warning", loop="uvloop"
    )
