"""The relay between a real PostgreSQL and a real Kafka."""

from random import Random

from event_schemas.topics import CHECKPOINT
from tests.support.events import store
from tests.support.histories import everything
from tests.support.topics import differences, own_kafka, reached
from tests.support.working_relay import relaying


async def test_every_event_is_in_its_topic_and_in_the_audit(kafka_url: str, crm_database: str) -> None:
    """Once, in order, byte for byte, chained by positions; those appended later follow."""
    kafka = await own_kafka(kafka_url)
    events = everything(Random(3), 3_000)[:3_000]
    await store(crm_database, events[:2_000])
    async with relaying(crm_database, kafka):
        await reached(kafka, 2_000)
        await store(crm_database, events[2_000:])
        relayed = await reached(kafka, 3_000)
    assert await differences(kafka, events) == []
    assert relayed.position == 3_000
    assert max(relayed.lanes.values()) == 3_000
    assert CHECKPOINT.name not in {lane.topic for lane in relayed.lanes}


async def test_a_second_run_goes_on_where_the_first_left_off(kafka_url: str, crm_database: str) -> None:
    """Nothing is published twice by a relay that is started again."""
    kafka = await own_kafka(kafka_url)
    events = everything(Random(4), 1_000)[:1_000]
    await store(crm_database, events[:500])
    async with relaying(crm_database, kafka):
        await reached(kafka, 500)
    await store(crm_database, events[500:])
    async with relaying(crm_database, kafka):
        await reached(kafka, 1_000)
    assert await differences(kafka, events) == []
