"""Fixtures for all tests, and the life of the servers around a run.

A plain run starts the servers with the first test that asks. Under pytest-xdist the controlling process starts them,
before the first test runs, if any worker collected more than unit tests: a worker that owned them would take them along
when it crashes.
"""

import os
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import settings

from tests.support.databases import fresh_database, migrated_template
from tests.support.servers import Servers, ServersOfRun, announced, redis_database

_SERVERS = pytest.StashKey[ServersOfRun]()


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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Start the servers before the first test is handed out."""
    if any("unit" not in Path(test.partition("::")[0]).parts for test in ids):
        node.config.stash[_SERVERS].announce()


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tells a measured figure; all of them are printed after the run, whatever is captured and in whichever process."""
    return partial(record_property, "figure")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the figures that tests told."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    told = [(r.nodeid, text) for r in reports for name, text in getattr(r, "user_properties", ()) if name == "figure"]
    if told:
        terminalreporter.section("figures")
    for test, text in told:
        terminalreporter.write_line(f"{test}: {text}")


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    """The servers of this run; a test that needs them fails when they cannot start."""
    worker_input = getattr(request.config, "workerinput", None)
    if worker_input is None:
        return request.config.stash[_SERVERS].get()
    return announced(Path(worker_input["servers_file"]))


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
