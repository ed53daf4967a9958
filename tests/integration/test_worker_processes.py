"""`crm worker` as a process, on a real broker, behind a real relay: killed, doubled, told to end."""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from random import Random

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from event_schemas.topics import ENTITY_LANES
from projections.engines.cluster import Cluster
from replay_tools.reaching import NO_KAFKA
from replay_tools.worker_command import NO_REDIS
from tests.support.events import store
from tests.support.histories import everything
from tests.support.network import free_port
from tests.support.platform import CRM
from tests.support.relays import RelayProcess, relay_processes
from tests.support.topics import own_kafka
from tests.support.topics import reached as relay_at
from tests.support.worker_views import by_one_pass, views
from tests.support.workers import GOES_ON, environment_of, started, worker_processes
from write_side.adapters.kafka import Kafka

pytestmark = pytest.mark.slow

EVENTS = everything(Random(21), 900)
POSITION = "select view_position('postgres')"
FAUST = (sys.executable, "-m", "faust", "-A", "projections.worker", "worker", "-l", "warn")


async def until_at(url: str, position: int, *, seconds: float = 60) -> None:
    """Come back when the Postgres views have everything up to there."""
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(seconds):
            while await connection.fetchval(POSITION) < position:  # noqa: ASYNC110  # nobody tells what others write
                await asyncio.sleep(0.02)
    finally:
        await connection.close()


@pytest.fixture
async def kafka(kafka_url: str) -> Kafka:
    """Topics that only this test has."""
    return await own_kafka(kafka_url)


@pytest.fixture
async def relay(kafka: Kafka, crm_database: str, tmp_path: Path) -> AsyncIterator[RelayProcess]:
    """A relay of the test's log."""
    with relay_processes(1, tmp_path, crm_database, kafka) as (one,):
        yield one


@pytest.fixture
def environment(kafka: Kafka, crm_database: str, redis_url: str) -> dict[str, str]:
    """What workers are told."""
    return environment_of(kafka, crm_database, redis_url)


async def test_from_the_log_over_kafka_into_the_views(
    postgres_url: str, crm_database: str, environment: dict[str, str], relay: RelayProcess, tmp_path: Path
) -> None:
    """All groups in one process, no web server, no commits in Kafka; told to end, it is gone within five seconds."""
    await store(crm_database, EVENTS)
    with worker_processes(1, tmp_path, environment) as (worker,):
        await until_at(crm_database, EVENTS[-1].position)
        worker.wait_for(GOES_ON, times=2)
        ports = [c.laddr.port for c in psutil.Process(worker.process.pid).net_connections() if c.status == "LISTEN"]
        assert ports == []
        code, seconds = worker.end()
        assert (code, seconds < 5) == (0, True)
        assert f"view group postgres ends at {len(EVENTS)}:" in worker.said()
        assert "Traceback" not in worker.said()
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_faust_runs_a_group(
    postgres_url: str, crm_database: str, environment: dict[str, str], relay: RelayProcess, tmp_path: Path
) -> None:
    """`faust -A projections.worker worker`, as it comes: nothing listens, and the views are the same."""
    await store(crm_database, EVENTS)
    with worker_processes(1, tmp_path, {**environment, "CRM_VIEW_GROUP": "postgres"}, FAUST) as (worker,):
        await until_at(crm_database, EVENTS[-1].position)
        process = psutil.Process(worker.process.pid)
        assert [c.laddr.port for c in process.net_connections() if c.status == "LISTEN"] == []
        code, seconds = worker.end(signal.SIGINT)
        assert seconds < 5, worker.said()
        assert code == 0, worker.said()
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_it_serves_again_soon_after_a_sigkill(
    postgres_url: str,
    crm_database: str,
    environment: dict[str, str],
    relay: RelayProcess,
    tmp_path: Path,
    figure: Callable[[str], None],
) -> None:
    """Killed with work in hand, three times: the next one goes on, and every event is there once."""
    await store(crm_database, EVENTS[:300])
    taken = []
    with worker_processes(1, tmp_path, environment, (*CRM, "worker", "--group", "postgres")) as workers:
        await until_at(crm_database, 300)
        for at in (500, 700, 900):
            await store(crm_database, EVENTS[at - 200 : at])
            workers[-1].process.kill()
            workers[-1].process.wait()
            begun = time.monotonic()
            workers.append(started(tmp_path / f"again{at}.log", environment, (*CRM, "worker", "--group", "postgres")))
            await until_at(crm_database, at)
            taken.append(time.monotonic() - begun)
    figure(f"a worker serves again after SIGKILL within {', '.join(f'{one:.1f}' for one in taken)} s (limit 10 s)")
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_two_workers_share_the_lanes(
    postgres_url: str, crm_database: str, environment: dict[str, str], relay: RelayProcess, tmp_path: Path
) -> None:
    """They come and go while events flow, one of them by SIGKILL: nothing is lost or doubled."""
    command = (*CRM, "worker", "--group", "postgres")
    with worker_processes(2, tmp_path, environment, command) as workers:
        for number, at in enumerate(range(150, 901, 150)):
            await store(crm_database, EVENTS[at - 150 : at])
            if number == 1:
                for worker in workers:
                    worker.wait_for("in 30 lanes")
            if number == 2:
                workers[0].process.kill()
            if number == 3:
                workers.append(started(tmp_path / "third.log", environment, command))
            if number == 4:
                assert workers[1].end()[0] == 0
        await until_at(crm_database, 900)
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


async def test_offsets_committed_ahead_lose_nothing(
    postgres_url: str, crm_database: str, environment: dict[str, str], kafka: Kafka, relay: RelayProcess, tmp_path: Path
) -> None:
    """Somebody commits the ends of all lanes in the worker's name: it reads on where PostgreSQL says."""
    command = (*CRM, "worker", "--group", "postgres")
    await store(crm_database, EVENTS[:300])
    with worker_processes(1, tmp_path, environment, command) as (worker,):
        await until_at(crm_database, 300)
        worker.end()
    await store(crm_database, EVENTS[300:])
    cluster = Cluster.at(kafka.servers, prefix=kafka.prefix)
    lanes = [TopicPartition(cluster.topic(lane.topic), lane.partition) for lane in ENTITY_LANES]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.servers, group_id=cluster.group("postgres"), enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign(lanes)
        await relay_at(kafka, len(EVENTS))
        ends = await consumer.end_offsets(lanes)
        await consumer.commit({lane: OffsetAndMetadata(end + 1000, "") for lane, end in ends.items()})
    finally:
        await consumer.stop()
    with worker_processes(1, tmp_path, environment, command) as (worker,):
        await until_at(crm_database, 900)
    assert await views(crm_database) == await by_one_pass(postgres_url, EVENTS)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", free_port())) as server:
        yield server.getsockname()[1]


async def test_kafka_that_is_down_is_waited_for(crm_database: str, redis_url: str, tmp_path: Path) -> None:
    """Nobody is at its address: each group says so once, as who watches the relay does; all end when told to."""
    kafka = Kafka(f"127.0.0.1:{free_port()}")
    with worker_processes(1, tmp_path, environment_of(kafka, crm_database, redis_url)) as (worker,):
        worker.wait_for("does not answer", times=2)
        code, seconds = worker.end()
        assert (code, seconds < 5) == (0, True)
        assert sum("WARNING" in line for line in worker.said().splitlines()) <= 3
        assert "Traceback" not in worker.said()


async def test_a_kafka_that_says_nothing_does_not_keep_it(
    crm_database: str, redis_url: str, silent_port: int, tmp_path: Path
) -> None:
    """It hangs in its first question: told to end, the worker ends all the same."""
    kafka = Kafka(f"127.0.0.1:{silent_port}")
    with worker_processes(1, tmp_path, environment_of(kafka, crm_database, redis_url)) as (worker,):
        await asyncio.sleep(3)  # long enough to be in the middle of it; nothing tells
        assert worker.end()[1] < 5


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("CRM_KAFKA_URL", f"{NO_KAFKA}\n"),
        ("CRM_REDIS_URL", f"{NO_REDIS}\n"),
    ],
)
def test_what_is_missing_is_said_in_a_line(missing: str, said: str, tmp_path: Path) -> None:
    """Exit code 3."""
    kafka = Kafka("127.0.0.1:1")
    environment = {**environment_of(kafka, "postgresql://127.0.0.1:1/x", "redis://127.0.0.1:1"), missing: ""}
    with worker_processes(1, tmp_path, environment) as (worker,):
        assert worker.process.wait(30) == 3
        assert worker.said() == said
