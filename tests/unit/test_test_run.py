"""What carries the test run itself: its servers, and the stages of `make test`."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from replay_tools.embedded.errors import EmbeddedError, ServerFailed
from tests import run_stages
from tests.run_stages import Step, run
from tests.support import servers
from tests.support.servers import Servers, ServersOfRun, announced, redis_database


def printing(text: str, code: int = 0) -> Step:
    """A step with that output and exit code."""
    return Step((sys.executable, "-c", f"print({text!r}); raise SystemExit({code})"))


def test_servers_start_once_and_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs before the first request; all that come later, from whatever process, see the same."""
    lives: list[str] = []

    @contextmanager
    def running() -> Iterator[Servers]:
        lives.append("started")
        yield Servers("postgresql://there/crm", "redis://there/0")
        lives.append("stopped")

    monkeypatch.setattr(servers, "_running", running)
    servers_of_run = ServersOfRun()
    assert lives == []
    servers_of_run.announce()
    servers_of_run.announce()
    assert announced(servers_of_run.file) == servers_of_run.get()
    assert lives == ["started"]
    servers_of_run.stop()
    assert lives == ["started", "stopped"]
    assert not servers_of_run.file.exists()


def test_servers_that_fail_fail_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """When they cannot start, every test that needs them fails with the reason; none is skipped."""

    def failing() -> Iterator[Servers]:
        raise ServerFailed("no room")

    monkeypatch.setattr(servers, "_running", failing)
    servers_of_run = ServersOfRun()
    servers_of_run.announce()
    with pytest.raises(EmbeddedError, match=r"^no room$"):
        announced(servers_of_run.file)
    servers_of_run.stop()


def test_workers_have_databases_of_their_own() -> None:
    """No two workers, and no plain run, share a Redis database."""
    urls = [redis_database("redis://:pw@here/0", worker) for worker in ("master", "gw0", "gw1")]
    assert urls == ["redis://:pw@here/0", "redis://:pw@here/1", "redis://:pw@here/2"]


def test_the_closing_lines_of_pytest_are_added_up() -> None:
    """Passed, failed and errors of all stages make up the totals; other output does not."""
    totals: Counter[str] = Counter()
    assert run(printing("1 failed, 28 passed, 2 errors in 3.19s"), totals)
    assert run(printing("=== 4 passed, 1 warning in 60.02s (0:01:00) ==="), totals)
    assert run(printing("5 passed by in a hurry"), totals)
    assert (totals["passed"], totals["failed"], totals["error"]) == (32, 1, 2)


def test_a_failed_stage_fails_the_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A stage that fails without a failing test counts as one failure, and the stages after it still run."""
    steps = {"lint": printing("bad style", code=1), "tests": printing("4 passed in 0.12s")}
    monkeypatch.setattr(run_stages, "stages", lambda target: ((name, iter([step])) for name, step in steps.items()))
    assert run_stages.main("check") == 1
    assert capsys.readouterr().out.endswith("\n4 passed, 1 failed\n")
