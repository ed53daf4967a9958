"""A supervisor that is killed takes its servers along, and the next one finds all data."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from replay_tools.embedded.errors import DataFolderInUse
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.postgres import start_postgres
from replay_tools.embedded.process import wait_for_exit

ROOT = Path(__file__).parents[2]
SUPERVISOR = (sys.executable, "-m", "tests.support.supervisor")


@contextmanager
def supervisor(folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, tuple[int, str]]]]:
    """A supervisor in another process, and its servers' process ids and addresses."""
    command = [*SUPERVISOR, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


async def test_nothing_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    """After a SIGKILL of the supervisor no server process is left, and the next start finds what was committed."""
    with supervisor(tmp_path) as (process, servers):
        connection = await asyncpg.connect(servers["PostgreSQL"][1])
        await connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        assert {pid for pid, _ in servers.values()} < {member.pid for member in family}
        assert all(wait_for_exit(member.pid, seconds=20) for member in family)
        connection.terminate()
    with DataFolder(tmp_path) as folder, start_postgres(folder) as server:
        connection = await asyncpg.connect(server.url)
        assert await connection.fetchval("SELECT count(*) FROM kept") == 1000
        await connection.close()


async def test_a_start_right_after_the_kill_waits_for_the_dying_server(tmp_path: Path) -> None:
    """The next supervisor may start at once: it never runs into the old server, which takes a moment to go."""
    for n in range(3):
        with supervisor(tmp_path) as (process, servers):
            connection = await asyncpg.connect(servers["PostgreSQL"][1])
            await connection.execute(f"CREATE TABLE kept_{n} AS SELECT generate_series(1, 50000) AS n")
            connection.terminate()
            process.kill()
            process.wait()
    with DataFolder(tmp_path) as folder, start_postgres(folder) as server:
        connection = await asyncpg.connect(server.url)
        for n in range(3):
            assert await connection.fetchval(f"SELECT count(*) FROM kept_{n}") == 50000
        await connection.close()


def test_a_kill_in_the_first_start_is_made_good(tmp_path: Path) -> None:
    """A SIGKILL while the data is being made leaves nothing that a later start could mistake for data."""
    process = subprocess.Popen([*SUPERVISOR, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE)
    while not list(tmp_path.glob("postgres.init-*/base")):
        assert not (tmp_path / "postgres").exists()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.005)
    process.kill()
    process.communicate()
    assert not (tmp_path / "postgres").exists()
    with DataFolder(tmp_path) as folder:
        start_postgres(folder).stop()


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    """While one process holds the folder another one is refused, and told by whom."""
    with supervisor(tmp_path) as (process, _), pytest.raises(DataFolderInUse, match=f"by process {process.pid}"):
        DataFolder(tmp_path).__enter__()


def test_an_ended_stdin_is_an_orderly_end(tmp_path: Path) -> None:
    """A supervisor that ends by itself stops its servers first."""
    with supervisor(tmp_path) as (process, servers):
        process.communicate()
        assert process.returncode == os.EX_OK
        assert not [pid for pid, _ in servers.values() if psutil.pid_exists(pid)]
