"""The platform on the full stack, as its README says: `crm stack`, then `crm up --profile full`."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from elasticsearch import Elasticsearch

from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.process import tethered
from replay_tools.settings import STACK_FILE, Settings
from tests.support.network import free_port
from tests.support.platform import CRM, Platform, start
from tests.support.processes import survivors, tree
from tests.support.sample_figures import Sum, figures

pytestmark = pytest.mark.slow

TOTALS = "{forecast{totals{open{...F} weighted{...F} won{...F} lost{...F}}}} fragment F on Figure {count amount{minor}}"
SEARCH = '{search(text: "Cancity", kinds: [ACCOUNT]) {edges {node {id name}}}}'
DEAL = "{deals(first: 1) {edges {node {id name version}}}}"
READY_S = 240.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a running `crm stack`."""
    data = tmp_path_factory.mktemp("full") / "data"
    log = data.with_suffix(".stack.log")
    with log.open("wb") as out:
        command = tethered((*CRM, "stack", "--data", str(data)), signal.SIGTERM)
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    try:
        deadline = time.monotonic() + READY_S
        while not (data / STACK_FILE).exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)  # another process, which says that it is ready by writing a file
        yield data
    finally:
        began = tree(process.pid)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        assert survivors(began, seconds=10) == []


@pytest.fixture(scope="module")
def platform(stack: Path) -> Iterator[Platform]:
    """The platform on it, ready, with the sample."""
    platform = start(stack, options=("--profile", "full"))
    try:
        platform.wait_until(seconds=READY_S)
        yield platform
    finally:
        began = tree(platform.process.pid)
        if platform.process.poll() is None:
            platform.interrupt()
        assert survivors(began, seconds=10) == []


def asked(client: Elasticsearch) -> int:
    """How many questions the index has answered."""
    stats = client.indices.stats(index="crm-search", metric="search")
    return int(stats["_all"]["total"]["search"]["query_total"])


def test_the_figures_of_the_sample(platform: Platform, figure: Callable[[str], None]) -> None:
    """Through event store, relay, Kafka, worker and tables: what the CSV says."""
    totals = platform.graphql(TOTALS, token=platform.token())["forecast"]["totals"]
    assert {name: Sum(part["count"], int(part["amount"]["minor"])) for name, part in totals.items()} == figures(None)[
        ""
    ]
    figure(f"{totals}")


def test_search_is_answered_by_elasticsearch(platform: Platform, stack: Path) -> None:
    """It holds the sample, and has counted the question."""
    settings = Settings.of_stack(DataFolder(stack))
    assert settings.elasticsearch_url is not None
    with Elasticsearch(settings.elasticsearch_url) as client:
        client.indices.refresh(index="crm-search")
        assert client.count(index="crm-search")["count"] > 8_800
        before = asked(client)
        found = platform.graphql(SEARCH, token=platform.token())["search"]["edges"]
        assert [edge["node"]["name"] for edge in found] == ["Cancity"]
        assert asked(client) > before


def test_cards_are_in_redis(platform: Platform, stack: Path) -> None:
    """The workers have filled it."""
    settings = Settings.of_stack(DataFolder(stack))
    assert settings.redis_url is not None
    (edge,) = platform.graphql(DEAL, token=platform.token())["deals"]["edges"]
    with redis.Redis.from_url(settings.redis_url, decode_responses=True) as client:
        card = client.hgetall(f"card:demo:{edge['node']['id']}")
    assert isinstance(card, dict)
    assert f'"name":"{edge["node"]["name"]}"' in card["body"]


def test_the_banner_says_what_each_part_is(platform: Platform) -> None:
    """PostgreSQL is the event store where no other is named."""
    said = platform.output()
    assert "event store: PostgreSQL at CRM_POSTGRES_URL" in said
    assert "transport:   Kafka at 127.0.0.1" in said
    assert "search:      Elasticsearch at" in said


def test_without_a_stack_it_is_one_line(tmp_path: Path) -> None:
    """Kafka has no address: what to do, and exit code 3."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CRM_")}
    command = (*CRM, "up", "--profile", "full", "--data", str(tmp_path / "data"), "--port", str(free_port()))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 3, done.stderr
    assert "crm stack" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
