"""The platform on the full stack, as its README says: `crm stack`, then `crm up --profile full`."""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import redis
from aiokafka import AIOKafkaConsumer, TopicPartition
from elasticsearch import Elasticsearch

from event_schemas.topics import AUDIT
from replay_tools.embedded.process import tethered
from replay_tools.settings import STACK_FILE
from tests.support.network import free_port
from tests.support.platform import CRM, Platform, start
from tests.support.processes import survivors, tree
from tests.support.sample_figures import Sum, figures

pytestmark = pytest.mark.slow

TOTALS = "{forecast{totals{open{...F} weighted{...F} won{...F} lost{...F}}}} fragment F on Figure {count amount{minor}}"
SEARCH = '{search(text: "Cancity", kinds: [ACCOUNT]) {edges {node {id name}}}}'
DEAL = "{deals(first: 1) {edges {node {id name version}}}}"
NAMES = ["CRM_KAFKA_URL", "CRM_ELASTICSEARCH_URL", "CRM_POSTGRES_URL", "CRM_REDIS_URL"]
READY_S = 240.0


class Stack:
    """A `crm stack`, which can be started again where it was."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._log = data.with_suffix(".stack.log")
        self.start()

    def start(self) -> None:
        """Ready when it returns: it prints the addresses on stdout, and all else on stderr."""
        with self._log.open("ab") as out:
            command = tethered((*CRM, "stack", "--data", str(self.data)), signal.SIGTERM)
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=out, text=True, start_new_session=True
            )
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline().strip() for _ in NAMES]
        assert all(lines), self.said()
        self.urls = dict(line.split("=", 1) for line in lines)

    def said(self) -> str:
        """To the person at the terminal."""
        return self._log.read_text()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """It runs, unless a test has ended it."""
    stack = Stack(tmp_path_factory.mktemp("full") / "data")
    yield stack
    began = tree(stack.process.pid)
    stack.process.send_signal(signal.SIGINT)
    stack.process.communicate(timeout=60)
    assert survivors(began, seconds=10) == []


@pytest.fixture(scope="module")
def platform(stack: Stack) -> Iterator[Platform]:
    """The platform on it, ready, with the sample."""
    platform = start(stack.data, options=("--profile", "full"))
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


def test_search_is_answered_by_elasticsearch(platform: Platform, stack: Stack) -> None:
    """It holds the sample, and has counted the question."""
    with Elasticsearch(stack.urls["CRM_ELASTICSEARCH_URL"]) as client:
        client.indices.refresh(index="crm-search")
        assert client.count(index="crm-search")["count"] > 8_800
        before = asked(client)
        found = platform.graphql(SEARCH, token=platform.token())["search"]["edges"]
        assert [edge["node"]["name"] for edge in found] == ["Cancity"]
        assert asked(client) > before


def test_cards_are_in_redis(platform: Platform, stack: Stack) -> None:
    """The workers have filled it."""
    (edge,) = platform.graphql(DEAL, token=platform.token())["deals"]["edges"]
    with redis.Redis.from_url(stack.urls["CRM_REDIS_URL"], decode_responses=True) as client:
        card = client.hgetall(f"card:demo:{edge['node']['id']}")
    assert isinstance(card, dict)
    assert f'"name":"{edge["node"]["name"]}"' in card["body"]


def test_the_banner_says_what_each_part_is(platform: Platform) -> None:
    """PostgreSQL is the event store where no other is named."""
    said = platform.output()
    assert "event store: PostgreSQL at CRM_POSTGRES_URL" in said
    assert "transport:   Kafka at 127.0.0.1" in said
    assert "search:      Elasticsearch at" in said


def assert_a_second_is_refused(stack: Stack) -> None:
    """One clear line, exit code 3."""
    second = (*CRM, "stack", "--data", str(stack.data))
    refused = subprocess.run(second, capture_output=True, text=True, timeout=120, check=False)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (3, "", 1)
    assert refused.stderr.endswith(f"is in use by process {stack.process.pid}\n")


async def held(urls: dict[str, str]) -> tuple[int, int, int]:
    """How much is in the log, in Kafka and in Elasticsearch; Redis answers too, but keeps nothing."""
    with redis.Redis.from_url(urls["CRM_REDIS_URL"]) as cards:
        assert cards.ping()
    with Elasticsearch(urls["CRM_ELASTICSEARCH_URL"]) as search:
        search.indices.refresh(index="crm-search")
        documents = int(search.count(index="crm-search")["count"])
    topic = [TopicPartition(AUDIT.name, partition) for partition in range(AUDIT.partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=urls["CRM_KAFKA_URL"])
    await consumer.start()
    records = sum((await consumer.end_offsets(topic)).values())
    await consumer.stop()
    connection = await asyncpg.connect(urls["CRM_POSTGRES_URL"])
    position = await connection.fetchval("select position from log_head")
    await connection.close()
    return position, records, documents


def test_a_life_of_the_stack(platform: Platform, stack: Stack) -> None:
    """It keeps others out, leaves no process killed or interrupted; started again, it has what it had, where it was."""
    assert_a_second_is_refused(stack)
    platform.interrupt()
    urls, before = stack.urls, asyncio.run(held(stack.urls))
    assert min(before) > 1_000
    family = tree(stack.process.pid)
    stack.process.kill()
    stack.process.communicate()
    assert survivors(family, seconds=20) == []

    stack.start()
    assert asyncio.run(held(stack.urls)) == before
    kept = ("CRM_KAFKA_URL", "CRM_ELASTICSEARCH_URL")
    assert [stack.urls[name] for name in kept] == [urls[name] for name in kept]
    file = stack.data / STACK_FILE
    assert file.read_text() == "".join(f"{name}={url}\n" for name, url in stack.urls.items())
    assert file.stat().st_mode & 0o777 == 0o600
    family = tree(stack.process.pid)
    stack.process.send_signal(signal.SIGINT)
    assert stack.process.wait(timeout=20) == 0
    assert survivors(family, seconds=0) == []
    assert not file.exists()
    told = stack.said()
    assert re.search(r"Kafka 3\.9\.1 +127\.0\.0\.1:\d+\n +Elasticsearch 9\.4\.3 +http://127\.0\.0\.1:\d+\n", told)
    assert "Traceback" not in told


def test_without_a_stack_it_is_one_line(tmp_path: Path) -> None:
    """Kafka has no address: what to do, and exit code 3."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CRM_")}
    command = (*CRM, "up", "--profile", "full", "--data", str(tmp_path / "data"), "--port", str(free_port()))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 3, done.stderr
    assert "crm stack" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
