"""The embedded Valkey, as the platform runs it."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from replay_tools.embedded import process
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.valkey import ValkeyServer, start_valkey
from tests.support.network import listening_addresses, taken_port


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    """A data folder with nothing in it yet."""
    with DataFolder(tmp_path / "with 'quotes' and spaces") as folder:
        yield folder


@pytest.fixture
def server(folder: DataFolder) -> Iterator[ValkeyServer]:
    """A running server."""
    with start_valkey(folder, megabytes=64) as server:
        yield server


def test_it_is_what_it_says(server: ValkeyServer) -> None:
    """The version is the server's own word, and it neither forgets by itself nor writes to disk."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        assert client.info("server")["valkey_version"] == server.version
        expected = {"maxmemory": str(64 << 20), "maxmemory-policy": "noeviction", "save": "", "appendonly": "no"}
        assert client.config_get(*expected) == expected


def test_only_this_machine_and_the_password_get_in(server: ValkeyServer) -> None:
    """It listens on 127.0.0.1 alone and refuses whoever has no password, which stands on no command line."""
    running = psutil.Process(server.child.process.pid)
    assert listening_addresses(running.pid) == {"127.0.0.1"}
    url, _, address = server.url.partition(":")[0], *server.url.partition("@")[1:]
    with redis.Redis.from_url(f"{url}://{address}") as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    with redis.Redis.from_url(server.url) as client:
        password = client.connection_pool.connection_kwargs["password"]
    assert password not in " ".join(running.cmdline())


def test_it_leads_its_own_process_group(server: ValkeyServer) -> None:
    """A terminal's Ctrl-C reaches the supervisor only."""
    assert os.getpgid(server.child.process.pid) == server.child.process.pid


def test_a_stop_ends_it(folder: DataFolder) -> None:
    """After stop() nothing runs, and a second stop() is harmless."""
    server = start_valkey(folder)
    server.stop()
    server.stop()
    assert not psutil.pid_exists(server.child.process.pid)


def test_a_taken_port_is_no_obstacle(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """When somebody else takes the chosen port in between, another one is chosen."""
    free = process._free_port()
    with taken_port() as taken:
        ports = iter([taken, free])
        monkeypatch.setattr(process, "_free_port", lambda: next(ports))
        with start_valkey(folder) as server:
            assert f":{free}/" in server.url
