"""Fixtures for all tests, and the life of the servers around a run.

Only the servers that collected tests ask for by a fixture are started, once a run and beside one another: with the
first test that asks; under pytest-xdist by the controlling process, before the first test is handed out, since a worker
that owned them would take them along when it crashes.
"""

import os
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from tests.support.databases import fresh_database, migrated_template
from tests.support.servers import ServerMissing, Servers, ServersOfRun, announced, needed, redis_database, tell

E2E, OWN_PLATFORM = "tests/e2e/", "test_full_profile.py"
_SERVERS = pytest.StashKey[ServersOfRun]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """``make soak`` has more faults, and takes as long as they take."""
    parser.addoption("--soak", action="store_true", help="the long form of the fault tests")


def pytest_configure(config: pytest.Config) -> None:
    """Nothing starts here; what will have started ends with the run."""
    config.stash[_SERVERS] = servers = ServersOfRun()
    config.add_cleanup(servers.stop)
    settings.register_profile("eventcrm", deadline=None)  # no test asserts a speed, on a busy machine least of all
    settings.load_profile("eventcrm")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker where it will read of the servers."""
    node.workerinput["servers_file"] = str(node.config.stash[_SERVERS].file)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: what takes long at the end of a run is waited for by idle processes."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reports the collection
def pytest_collection_finish(session: pytest.Session) -> None:
    """Note which servers the tests that will run need; a worker notes it for the controlling process."""
    wanted = needed(name for item in session.items for name in getattr(item, "fixturenames", ()))
    worker_input = getattr(session.config, "workerinput", None)
    if worker_input is None:
        session.config.stash[_SERVERS].wanted |= wanted
    else:
        tell(Path(worker_input["servers_file"]), worker_input["workerid"], wanted)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Start the servers before the first test is handed out."""
    node.config.stash[_SERVERS].announce()


class _ByFile(LoadFileScheduling):  # type: ignore[misc]  # it has no types
    """A file's tests to one process; and those of all files that ask one running platform, which takes long to load."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return E2E if file.startswith(E2E) and not file.endswith(OWN_PLATFORM) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """How tests are spread, whatever --dist says."""
    return _ByFile(config, log)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tells a measured figure; all of them are printed after the run, whatever is captured and in whichever process."""
    return partial(record_property, "figure")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print what became of the servers, and the figures that tests told."""
    servers = list(config.stash[_SERVERS].found.lines())
    if servers:
        terminalreporter.section("servers")
    for line in servers:
        terminalreporter.write_line(line)
    skipped = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", [])}
    for reason in sorted(skipped):
        terminalreporter.write_line(reason.removeprefix("Skipped: "))
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    told = [(r.nodeid, text) for r in reports for name, text in getattr(r, "user_properties", ()) if name == "figure"]
    if told:
        terminalreporter.section("figures")
    for test, text in told:
        terminalreporter.write_line(f"{test}: {text}")


def _url(config: pytest.Config, server: str) -> str:
    """Its address. A test fails when the server cannot start; where its needs are not installed, it is skipped."""
    worker_input = getattr(config, "workerinput", None)
    try:
        if worker_input is None:
            return config.stash[_SERVERS].get(server)
        return announced(Path(worker_input["servers_file"])).url(server)
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    """PostgreSQL and Valkey of this run; a test that needs them fails when they cannot start."""
    return Servers(_url(request.config, "postgres"), _url(request.config, "redis"))


@pytest.fixture(scope="session")
def kafka_url(request: pytest.FixtureRequest) -> str:
    """Host and port of the run's broker; all tests share it, so give topics and groups names of the test's own."""
    return _url(request.config, "kafka")


@pytest.fixture(scope="session")
def elasticsearch_url(request: pytest.FixtureRequest) -> str:
    """The URL of the run's node; all tests share it, so give indices names of the test's own."""
    return _url(request.config, "elasticsearch")


@pytest.fixture(scope="session")
def postgres_url(servers: Servers) -> str:
    """The superuser's URL of the run's PostgreSQL: all tests share this database, so leave nothing in it."""
    return servers.postgres_url


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[str]:
    """The URL of an empty database that only this test has."""
    async with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
async def crm_database(postgres_url: str) -> AsyncIterator[str]:
    """The URL of a database that only this test has, with all tables of the platform and nothing in them."""
    async with fresh_database(postgres_url, template=await migrated_template(postgres_url)) as url:
        yield url


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """The URL of an empty Redis database that only this test has."""
    url = redis_database(servers.redis_url, os.environ.get("PYTEST_XDIST_WORKER", "master"))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url
