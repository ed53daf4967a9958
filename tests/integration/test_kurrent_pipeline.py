"""From a protocol double of EventStoreDB / KurrentDB by `crm relay`, a real Kafka and `crm worker` into the views."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

import write_side.bootstrap
from event_schemas.envelope import StoredEvent
from event_schemas.streams import START, TenantId
from projections.sinks.connection import connected
from tests.support.events import some_id
from tests.support.kurrent_double import KurrentDouble
from tests.support.platform import CRM
from tests.support.secrets import MASTER
from tests.support.topics import own_kafka
from tests.support.worker_views import by_one_pass, views
from tests.support.workers import GOES_ON, environment_of, started, worker_processes
from write_side.adapters.event_logs import OpenStore
from write_side.application.requests import Request
from write_side.domain.contact_commands import ChangeContactDetails, CreateContact
from write_side.domain.decider import Command

RELAY = (*CRM, "relay")
WORKER = (*CRM, "worker", "--group", "postgres")
POSITION = "select view_position('postgres')"


@pytest.fixture
async def log(double: KurrentDouble, crm_database: str) -> AsyncIterator[OpenStore]:
    """The event store on it; salts and reservations are in the database."""
    async with write_side.bootstrap.event_store(double.url, postgres_url=crm_database, master_secret=MASTER) as log:
        yield log


@pytest.fixture
async def environment(kafka_url: str, double: KurrentDouble, crm_database: str, redis_url: str) -> dict[str, str]:
    """What relay and worker are told."""
    told = environment_of(await own_kafka(kafka_url), crm_database, redis_url)
    return {**told, "CRM_EVENT_STORE_URL": double.url}


async def contacts(log: OpenStore, names: Sequence[str]) -> Sequence[StoredEvent]:
    """Each is created and renamed; all events of the log."""
    transact = write_side.bootstrap.transactor(store=log, master_secret=MASTER).transact
    for name in names:
        of = some_id(name)
        commands: tuple[Command, ...] = (
            CreateContact(id=of, name=name, email=f"{name}@example.com"),
            ChangeContactDetails(id=of, name=f"{name} Lovelace"),
        )
        for command in commands:
            await transact(command, Request(tenant=TenantId("demo"), actor="test", source="test", sent={"id": str(of)}))
    return await log.read_all(after=START, limit=1_000)


async def until_at(url: str, position: int) -> None:
    """Come back when the Postgres views have everything up to there."""
    async with connected(url) as connection:
        while await connection.fetchval(POSITION) < position:  # noqa: ASYNC110  # nobody tells what others write
            await asyncio.sleep(0.02)


async def test_from_the_log_over_kafka_into_the_views(
    double: KurrentDouble,
    log: OpenStore,
    environment: Mapping[str, str],
    postgres_url: str,
    crm_database: str,
    tmp_path: Path,
) -> None:
    """Relay and worker are killed, the server restarts: the views hold what one pass over the log makes."""

    def begin() -> None:
        processes.append(started(tmp_path / "relay.log", environment, RELAY))
        processes.append(started(tmp_path / "worker.log", environment, WORKER))

    with worker_processes(0, tmp_path, environment) as processes:
        begin()
        events = await contacts(log, [f"ada{number}" for number in range(20)])
        await until_at(crm_database, events[-1].position)
        for process in processes:
            process.process.kill()
        await contacts(log, [f"grace{number}" for number in range(20)])
        await double.restart()
        begin()
        events = await contacts(log, [f"edith{number}" for number in range(20)])
        await until_at(crm_database, events[-1].position)
        assert GOES_ON in processes[-1].said()  # where Kafka and the tables are, not from the beginning
    assert len(events) == 60 * 3  # created, its address reserved, renamed
    assert await views(crm_database) == await by_one_pass(postgres_url, events)
