"""Ports that a data folder keeps, and who still holds its data."""

import subprocess
import sys
from pathlib import Path

import pytest

from replay_tools.embedded import leftover
from replay_tools.embedded.errors import PortTaken, ServerFailed
from replay_tools.embedded.ports import kept_port, new_port

HOLDER = """
import fcntl, signal, sys
file = open(sys.argv[1], "w")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
signal.pause()
"""


def test_the_first_start_chooses_for_good(tmp_path: Path) -> None:
    """Later ones get the same port."""
    with kept_port(tmp_path / "it.port") as first, kept_port(tmp_path / "it.port") as second:
        assert first == second == int((tmp_path / "it.port").read_text())


def test_a_new_port_is_none_that_clients_get() -> None:
    """It lies outside the range of clients, so that none of them takes it while the server is away."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(20_000 <= new_port() < lowest for _ in range(20))


def test_a_taken_port_is_said_with_the_way_out(tmp_path: Path) -> None:
    """The message names the port and the file."""
    (tmp_path / "it.port").write_text("25000\n")
    way_out = rf"^It did not start: end what uses 25000, or delete {tmp_path}/it.port for another one$"
    with pytest.raises(PortTaken, match=way_out), kept_port(tmp_path / "it.port"):
        raise PortTaken("It did not start")


def test_a_spoilt_file_is_one_line(tmp_path: Path) -> None:
    """No traceback for a file that somebody edited."""
    (tmp_path / "it.port").write_text("many")
    with pytest.raises(ServerFailed, match=r"it\.port names no port: delete it"), kept_port(tmp_path / "it.port"):
        pass


def test_who_holds_the_data_without_a_supervisor_is_ended(tmp_path: Path) -> None:
    """The kernel says who holds the lock; that process is given its time, then killed. Without one nothing happens."""
    lock = tmp_path / "data" / ".lock"
    leftover.clear(lock, seconds=0, name="It")
    lock.parent.mkdir()
    command = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holding:
        assert holding.stdout is not None
        assert holding.stdout.readline() == "held\n"
        assert leftover.holder(lock) == holding.pid
        leftover.clear(lock, seconds=0.1, name="It")
        assert holding.wait() == -9
    assert leftover.holder(lock) is None
