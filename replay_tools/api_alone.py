"""`crm api`: one process of the API over servers that run elsewhere; several may serve the same platform."""

import logging
import socket
from typing import Final

import uvloop

from read_api.app import ReadyState
from read_api.bootstrap import Addresses, Secrets
from replay_tools.ending import Unavailable
from replay_tools.serving import listening, serve
from replay_tools.settings import Settings
from replay_tools.tables import migrated
from replay_tools.writing_api import writing_api

_NEEDED: Final = ("postgres_url", "redis_url", "master_secret", "token_secret")


def serve_alone(settings: Settings, *, port: int, host: str) -> None:
    """Serve until SIGINT or SIGTERM. Raises Unavailable with a message of one line."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if missing := [f"CRM_{name.upper()}" for name in _NEEDED if getattr(settings, name) is None]:
        raise Unavailable(f"the API alone needs {', '.join(missing)}: set what is missing, or run `crm up`")
    with listening(port, host) as listener:
        uvloop.run(_serve(settings, listener))


async def _serve(settings: Settings, listener: socket.socket) -> None:
    postgres_url, redis_url = settings.postgres_url or "", settings.redis_url or ""
    addresses = Addresses(settings.event_store_url or postgres_url, postgres_url, redis_url, settings.elasticsearch_url)
    secrets = Secrets((settings.token_secret or "").encode(), (settings.master_secret or "").encode())
    ready = ReadyState()
    await migrated(addresses)
    async with writing_api(addresses, secrets, ready) as writing:
        ready.done()
        await serve(writing.api, listener)
