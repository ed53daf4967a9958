"""What carries the test run itself: its servers, and the stages of `make test`."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from replay_tools.embedded.errors import EmbeddedError, ServerFailed, ToolMissing
from replay_tools.embedded.folder import DataFolder
from tests import run_stages
from tests.run_stages import Step, run
from tests.support import servers
from tests.support.servers import ServerMissing, ServersOfRun, Starting, announced, needed, redis_database, tell


def printing(text: str, code: int = 0) -> Step:
    """A step with that output and exit code."""
    return Step((sys.executable, "-c", f"print({text!r}); raise SystemExit({code})"))


@pytest.fixture
def lives(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happens to the servers of a run, of which some cannot start."""
    told: list[str] = []

    def starting(name: str, reason: EmbeddedError | None) -> Callable[[DataFolder], Starting]:
        @contextmanager
        def start(folder: DataFolder) -> Iterator[Callable[[], str]]:
            if reason is not None:
                raise reason
            told.append(f"{name} begun")
            yield lambda: f"{name}://there"
            told.append(f"{name} ended")

        return start

    outcomes = {"slow": None, "quick": None, "broken": ServerFailed("no room"), "javaless": ToolMissing("no Java")}
    monkeypatch.setattr(servers, "STARTS", {name: starting(name, reason) for name, reason in outcomes.items()})
    return told


def test_servers_start_once_and_only_those_that_are_wanted(lives: list[str]) -> None:
    """Nothing runs before the first request; then what the collected tests want does, for all processes of the run."""
    of_run = ServersOfRun()
    tell(of_run.file, "gw0", {"quick"})
    tell(of_run.file, "gw1", {"quick"})
    assert lives == []
    of_run.announce()
    of_run.announce()
    assert announced(of_run.file).url("quick") == of_run.get("quick") == "quick://there"
    assert lives == ["quick begun"]
    of_run.stop()
    assert lives == ["quick begun", "quick ended"]
    assert not of_run.file.exists()


def test_the_first_request_starts_all_that_is_wanted(lives: list[str]) -> None:
    """A plain run does not wait for one server after the other; what no test named is started when asked for."""
    of_run = ServersOfRun()
    of_run.wanted = {"quick", "slow"}
    assert of_run.get("quick") == "quick://there"
    assert lives == ["slow begun", "quick begun"]
    of_run.stop()


@pytest.mark.parametrize("ci", [False, True])
def test_a_server_that_cannot_start_fails_its_tests_alone(
    lives: list[str], monkeypatch: pytest.MonkeyPatch, ci: bool
) -> None:
    """Its tests fail with the reason. Only where its needs are not installed, and not in CI, are they left out."""
    monkeypatch.setenv("CI", "true" if ci else "")
    of_run = ServersOfRun()
    of_run.wanted = {"broken", "javaless", "quick"}
    assert of_run.get("quick") == "quick://there"
    with pytest.raises(EmbeddedError, match=r"^no room$"):
        of_run.get("broken")
    with pytest.raises(EmbeddedError, match=r"^no Java$") as raised:
        of_run.get("javaless")
    assert (raised.type is ServerMissing) is not ci
    assert f"{'javaless failed' if ci else 'NOT RUN, the tests that need javaless'}: no Java" in of_run.found.lines()
    of_run.stop()


def test_a_run_without_servers_says_nothing_of_them(lives: list[str]) -> None:
    """Unit tests alone need none, also under pytest-xdist, where the controlling process announces that."""
    of_run = ServersOfRun()
    tell(of_run.file, "gw0", set())
    of_run.announce()
    assert (list(of_run.found.lines()), lives) == ([], [])
    of_run.stop()


def test_a_fixture_tells_which_servers_it_needs() -> None:
    """Tests are asked by the fixtures that they use, directly or not; those without servers need none."""
    assert needed(["crm_database", "postgres_url", "servers", "tmp_path"]) == {"postgres", "redis"}
    assert needed(["kafka_url"]) == {"kafka"}
    assert needed(["tmp_path"]) == set()


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


def test_a_step_that_hangs_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, whatever it does with its output."""
    monkeypatch.setattr(run_stages, "STEP_LIMIT_S", 0.5)
    endless = "import time\nwhile True: print('still here'); time.sleep(0.1)"
    assert not run(Step((sys.executable, "-c", endless)), Counter())


def test_a_failed_stage_fails_the_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A stage that fails without a failing test counts as one failure, and the stages after it still run."""
    steps = {"lint": printing("bad style", code=1), "tests": printing("4 passed in 0.12s")}
    monkeypatch.setattr(run_stages, "stages", lambda target: ((name, iter([step])) for name, step in steps.items()))
    assert run_stages.main("check") == 1
    assert capsys.readouterr().out.endswith("\n4 passed, 1 failed\n")
