"""What `crm stack` does beside starting servers."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from replay_tools import stack
from replay_tools.embedded.errors import ServerFailed
from replay_tools.embedded.process import Child, spawn

GENTLE = ((signal.SIGTERM, 5.0),)
STAYS = "import signal; signal.pause()"


def child(name: str, code: str, folder: Path) -> Child:
    """A child that runs the code."""
    return spawn(name, [sys.executable, "-I", "-S", "-c", code], log=folder / f"{name}.log", stop_signals=GENTLE)


def test_a_server_that_ends_by_itself_is_named(tmp_path: Path) -> None:
    """Which one it was, with what code, and where its log is."""
    children = [child("stays", STAYS, tmp_path), child("goes", "raise SystemExit(7)", tmp_path)]
    said = rf"^goes ended by itself \(exit code 7; log: {tmp_path}/goes\.log\): start again$"
    with pytest.raises(ServerFailed, match=said):
        stack._until_one_ends(children)
    assert children[0].stop() == -signal.SIGTERM


def test_several_that_are_told_first_end_beside_one_another(tmp_path: Path) -> None:
    """A stop waits for a server that has already been told to end, and tells the others before it waits."""
    children = [child("one", STAYS, tmp_path), child("two", STAYS, tmp_path)]
    stack._begin_stop(children)
    assert [each.wait(5) for each in children] == [-signal.SIGTERM] * 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_that_ends_a_process_ends_the_stack_in_order(number: signal.Signals) -> None:
    """Ctrl-C, kill and a closed terminal run what is to run at the end, also where a shell had them ignored."""
    before = signal.signal(number, signal.SIG_IGN)
    ended: list[str] = []
    try:
        with stack._interruptible():
            try:
                os.kill(os.getpid(), number)
                threading.Event().wait(10)
            finally:
                ended.append("in order")
        assert ended == ["in order"]
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_the_addresses_are_for_this_user_and_for_as_long_as_they_are_right(tmp_path: Path) -> None:
    """The file holds passwords, replaces one that a killed stack left, and goes with the stack."""
    file = tmp_path / "stack.env"
    file.write_text("CRM_REDIS_URL=redis://old\n")
    valkey = child("Valkey", "", tmp_path)
    valkey.wait(5)
    server = stack.Server(variable="CRM_REDIS_URL", version="9", url="redis://:pw@here/0", child=valkey)
    with stack._written(file, [server]):
        assert file.read_text() == "CRM_REDIS_URL=redis://:pw@here/0\n"
        assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Valkey.log"]
