"""Starting, awaiting and ending child processes."""

import signal
import sys
import threading
from pathlib import Path

import pytest

from replay_tools.embedded.errors import PortTaken, ServerFailed
from replay_tools.embedded.process import Child, on_free_port, spawn, tethered, wait_for_exit

GENTLE = ((signal.SIGTERM, 0.2),)


def python(code: str, log: Path) -> Child:
    """A child that runs the code."""
    return spawn("The child", [sys.executable, "-I", "-S", "-c", code], log=log, stop_signals=GENTLE, stdin=b"hello")


def test_only_the_main_thread_starts_servers() -> None:
    """In another thread the start is refused: the server would die with that thread."""
    outcome: list[str] = []

    def attempt() -> None:
        try:
            tethered(["true"], signal.SIGKILL)
        except RuntimeError as error:
            outcome.append(str(error))

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert outcome == ["a server must be started from the main thread, since it dies with the thread that started it"]


def test_a_child_that_ends_early_is_reported_with_its_own_words(tmp_path: Path) -> None:
    """The most telling line of the log is the reason, and the message is one line."""
    child = python("print('FATAL: no room'); print('bye'); raise SystemExit(3)", tmp_path / "log")
    with pytest.raises(ServerFailed, match=r"^The child did not start: FATAL: no room \(log: .*/log\)$"):
        child.await_ready(lambda: False, seconds=30)
    assert child.wait(0) == 3


def test_a_child_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    """After the time allowed the start fails, and nothing stays running."""
    child = python("import signal; signal.pause()", tmp_path / "log")
    with pytest.raises(ServerFailed, match="was not ready within 0 s"):
        child.await_ready(lambda: False, seconds=0.02)
    assert child.wait(0) == -signal.SIGTERM


def test_a_child_that_ignores_its_signal_is_killed(tmp_path: Path) -> None:
    """Who does not end in the time allowed is ended by force."""
    code = "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    child = python(code, tmp_path / "log")
    child.await_ready(lambda: child.log.read_text() == "deaf\n", seconds=30)
    assert child.stop() == -signal.SIGKILL


async def test_a_child_reads_what_it_is_given(tmp_path: Path) -> None:
    """Standard input arrives whole and ends; the end of the child can be awaited, also when it is past."""
    child = python("import sys; print(sys.stdin.read())", tmp_path / "log")
    assert [await child.exited(), await child.exited()] == [0, 0]
    assert child.log.read_text() == "hello\n"
    assert child.log.stat().st_mode & 0o777 == 0o600


def test_a_process_that_is_gone_is_not_waited_for(tmp_path: Path) -> None:
    """An unknown process counts as ended."""
    child = python("", tmp_path / "log")
    child.process.wait()
    assert wait_for_exit(child.process.pid, seconds=0)


def test_a_taken_port_is_tried_elsewhere_a_few_times(tmp_path: Path) -> None:
    """PortTaken leads to another port, and to an error when that goes on."""
    child = python("", tmp_path / "log")
    tried: list[int] = []

    def start(port: int) -> Child:
        tried.append(port)
        if len(tried) < 3:
            raise PortTaken("taken")
        return child

    assert on_free_port(start, attempts=3) == (child, tried[2])
    tried.clear()
    with pytest.raises(PortTaken):
        on_free_port(start, attempts=2)
    child.process.wait()
