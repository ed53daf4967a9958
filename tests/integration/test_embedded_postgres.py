"""The embedded PostgreSQL, as the platform runs it: with real data, real restarts and what crashes leave behind."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from replay_tools.embedded import cluster, process, unprivileged
from replay_tools.embedded.errors import DataFolderInUse, ServerFailed
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.postgres import PostgresServer, start_postgres
from tests.support.network import listening_addresses, taken_port

WAYS_TO_RUN = ["current", "nobody"] if os.geteuid() == 0 else ["current"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    """A data folder with nothing in it yet."""
    with DataFolder(tmp_path / "data") as folder:
        yield folder


async def stored(server: PostgresServer, statement: str) -> object:
    """The answer of one statement."""
    connection = await asyncpg.connect(server.url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_data_outlives_a_restart(folder: DataFolder) -> None:
    """What was committed before a stop is there after the next start, at the same credentials."""
    with start_postgres(folder) as first:
        await stored(first, "CREATE TABLE kept AS SELECT 7 AS n")
    with start_postgres(folder) as second:
        assert await stored(second, "SELECT n FROM kept") == 7
    assert first.url.rpartition("@")[0] == second.url.rpartition("@")[0]


async def test_it_is_what_it_says(folder: DataFolder) -> None:
    """The version is the server's own word, durability is on, and the database is the platform's."""
    with start_postgres(folder) as server:
        assert await stored(server, "SHOW server_version") == server.version
        assert await stored(server, "SELECT current_database()") == "crm"
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert await stored(server, f"SHOW {setting}") == "on"
        assert await stored(server, "SHOW server_encoding") == "UTF8"


async def test_only_this_machine_and_the_password_get_in(folder: DataFolder) -> None:
    """It listens on 127.0.0.1 alone, has no socket file, and refuses another password."""
    with start_postgres(folder) as server:
        assert listening_addresses(server.child.process.pid) == {"127.0.0.1"}
        assert await stored(server, "SHOW unix_socket_directories") == ""
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url, password="wrong")


async def test_the_password_is_for_this_user_alone(folder: DataFolder) -> None:
    """It stands in a file of mode 0600, on no command line and in no environment of the server."""
    with start_postgres(folder) as server:
        password = (folder.path / cluster.CREDENTIALS).read_text()
        running = psutil.Process(server.child.process.pid)
        assert f":{password}@" in server.url
        assert (folder.path / cluster.CREDENTIALS).stat().st_mode & 0o777 == 0o600
        assert (folder.path / "postgres").stat().st_mode & 0o777 == 0o700
        assert password not in " ".join(running.cmdline())
        assert "PGPASSWORD" not in running.environ()


@pytest.mark.parametrize("way", WAYS_TO_RUN)
async def test_root_runs_it_too(folder: DataFolder, way: str) -> None:
    """Root runs it in a user namespace or as nobody, on the same data, in whatever order."""
    identity = unprivileged.nobody(signal.SIGINT) if way == "nobody" else unprivileged.current(signal.SIGINT)
    with start_postgres(folder) as first:
        await stored(first, "CREATE TABLE kept AS SELECT 7 AS n")
    with start_postgres(folder, identity=identity) as second:
        assert await stored(second, "SELECT n FROM kept") == 7
    with start_postgres(folder) as third:
        assert await stored(third, "SELECT n FROM kept") == 7


@pytest.mark.parametrize("left_behind", ["", "garbage\n", "0\n", "{dead}\n/elsewhere\n", "{me}\n/elsewhere\n"])
async def test_a_wrong_pid_file_stops_no_start(folder: DataFolder, left_behind: str) -> None:
    """A pid file that is torn, names a dead process, or one that is no PostgreSQL, is overcome."""
    with start_postgres(folder) as first:
        await stored(first, "CREATE TABLE kept AS SELECT 7 AS n")
    text = left_behind.format(dead=first.child.process.pid, me=os.getpid())
    (folder.path / "postgres" / "postmaster.pid").write_text(text)
    with start_postgres(folder) as second:
        assert await stored(second, "SELECT n FROM kept") == 7


async def test_a_pid_file_that_names_another_postgres_harms_nobody(folder: DataFolder, tmp_path: Path) -> None:
    """The PostgreSQL of other data is left alone, although its process id stands in this data's file."""
    start_postgres(folder).stop()
    with DataFolder(tmp_path / "other") as other_folder, start_postgres(other_folder) as other:
        (folder.path / "postgres" / "postmaster.pid").write_text(f"{other.child.process.pid}\n")
        with start_postgres(folder):
            assert await stored(other, "SELECT 1") == 1


async def test_a_server_that_outlived_its_supervisor_is_ended(folder: DataFolder) -> None:
    """A second server never runs beside the first on the same data: the first is ended before."""
    orphan = start_postgres(folder)
    await stored(orphan, "CREATE TABLE kept AS SELECT 7 AS n")
    with start_postgres(folder) as server:
        assert orphan.child.wait(0) is not None
        assert await stored(server, "SELECT n FROM kept") == 7


@pytest.mark.parametrize("way", WAYS_TO_RUN)
async def test_a_killed_server_s_busy_children_are_ended(folder: DataFolder, way: str) -> None:
    """After a SIGKILL of the server a query goes on, for hours if it wants to: the next start ends it."""
    identity = unprivileged.nobody(signal.SIGINT) if way == "nobody" else unprivileged.current(signal.SIGINT)
    killed = start_postgres(folder, identity=identity)
    await stored(killed, "CREATE TABLE kept AS SELECT 7 AS n")
    busy = asyncio.create_task(stored(killed, "SELECT count(*) FROM generate_series(1, 1e12) AS n"))
    begun = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%1e12%' AND pid <> pg_backend_pid()"
    while not await stored(killed, begun):  # noqa: ASYNC110 -- what a server does: nothing to wait on
        await asyncio.sleep(0.01)
    server = psutil.Process(killed.child.process.pid)
    children = server.children()
    server.kill()
    killed.child.process.wait()
    with start_postgres(folder, identity=identity) as next_one:
        assert await stored(next_one, "SELECT n FROM kept") == 7
        assert all(process.wait_for_exit(child.pid, 0) for child in children)
    with pytest.raises(asyncpg.PostgresConnectionError):
        await busy


async def test_an_interrupted_first_start_is_made_good(folder: DataFolder) -> None:
    """What a killed initdb leaves is cleared away, and never taken for data."""
    half = folder.path / "postgres.init-killed"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with start_postgres(folder) as server:
        assert await stored(server, "SELECT 1") == 1
    assert not half.exists()


def test_a_taken_port_is_no_obstacle(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """When somebody else takes the chosen port in between, another one is chosen."""
    free = process._free_port()
    with taken_port() as taken:
        ports = iter([taken, free])
        monkeypatch.setattr(process, "_free_port", lambda: next(ports))
        with start_postgres(folder) as server:
            assert f":{free}/" in server.url


def test_a_failed_start_says_why_in_one_line(folder: DataFolder) -> None:
    """Data of another PostgreSQL is named as such, and nothing stays running."""
    start_postgres(folder).stop()
    (folder.path / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ServerFailed, match=r"^PostgreSQL did not start: .*FATAL.*incompatible.*$") as failure:
        start_postgres(folder)
    assert "\n" not in str(failure.value)


def test_lost_credentials_are_named(folder: DataFolder) -> None:
    """Data without its password file is not started, and not replaced by a new password that fits nothing."""
    start_postgres(folder).stop()
    (folder.path / cluster.CREDENTIALS).unlink()
    with pytest.raises(ServerFailed, match=r"postgres\.password is missing"):
        start_postgres(folder)


async def test_its_end_can_be_awaited(folder: DataFolder) -> None:
    """A supervisor learns of a server that dies by itself."""
    with start_postgres(folder) as server:
        os.kill(server.child.process.pid, signal.SIGKILL)
        assert await server.child.exited() == -signal.SIGKILL


def test_a_terminals_interrupt_does_not_reach_it(folder: DataFolder) -> None:
    """It leads a process group of its own, so that the supervisor decides the order of the end."""
    with start_postgres(folder) as server:
        assert os.getpgid(server.child.process.pid) == server.child.process.pid


def test_a_folder_in_use_is_refused(folder: DataFolder) -> None:
    """A second supervisor gets one clear line, with the process that holds the folder."""
    with pytest.raises(DataFolderInUse, match=f"^the data folder {folder.path} is in use by process {os.getpid()}$"):
        DataFolder(folder.path).__enter__()
