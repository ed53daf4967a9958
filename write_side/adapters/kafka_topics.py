"""The topics of the platform in Kafka: what is there, what is missing, what differs."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from event_schemas.records import MAX_RECORD_BYTES
from event_schemas.topics import TOPICS, Topic
from write_side.adapters.kafka import Kafka, closed_within, outages_named
from write_side.application.relay import TransportNotReady, TransportUnavailable

APPLY: Final = "run `crm topics apply`"
VISIBLE_SECONDS: Final = 20.0
_PAUSE_SECONDS: Final = 0.1
_LIMIT: Final = "max.message.bytes"
_OK: Final = 0
_EXISTS: Final = 36
_SEGMENT_BYTES: Final = 16 * 1024 * 1024
_MINUTE_MS: Final = 60_000


class Difference(msgspec.Struct, frozen=True):
    """Where a running topic is not what it should be."""

    what: str
    wanted: str
    found: str


class AppliedTopic(msgspec.Struct, frozen=True):
    """What became of one topic."""

    topic: str
    outcome: Literal["created", "ok", "differs"]
    partitions: int
    differences: tuple[Difference, ...] = ()


def configuration_of(topic: Topic) -> dict[str, str]:
    """The settings that we depend on. A topic takes our largest event; a broker's own limit is 1 MB."""
    limit = {_LIMIT: str(MAX_RECORD_BYTES)}
    if topic.retention_ms is not None:
        return limit | {"cleanup.policy": "delete", "retention.ms": str(topic.retention_ms)}
    # a checkpoint with each transaction: compacted soon and often, since a new leader reads it
    return limit | {
        "cleanup.policy": "compact",
        "segment.bytes": str(_SEGMENT_BYTES),
        "segment.ms": str(60 * _MINUTE_MS),
        "delete.retention.ms": str(_MINUTE_MS),
    }


async def apply_topics(kafka: Kafka, *, replication: int = 1) -> list[AppliedTopic]:
    """Create what is missing; what is there stays as it is. Raises TransportUnavailable."""
    async with _administering(kafka) as admin:
        created = await _create(admin, kafka, replication)
        running = await _visible(admin, {kafka.name_of(topic) for topic in TOPICS})
        applied = []
        for topic in TOPICS:
            name = kafka.name_of(topic)
            if name in created:
                applied.append(AppliedTopic(name, "created", topic.partitions))
                continue
            found = _differences(topic, running[name], await _configuration(admin, name))
            applied.append(AppliedTopic(name, "differs" if found else "ok", running[name], found))
        return applied


async def check_topics(kafka: Kafka) -> int:
    """How many bytes all topics take in one record.

    Raises TransportNotReady when one is missing, or has too few partitions for its lanes, and TransportUnavailable.
    """
    names = {kafka.name_of(topic): topic.partitions for topic in TOPICS}
    async with _administering(kafka) as admin:
        _check(names, await _partitions(admin))
        return min([int((await _configuration(admin, name))[_LIMIT]) for name in names])


def _check(names: Mapping[str, int], running: Mapping[str, int]) -> None:
    if missing := [name for name in names if name not in running]:
        raise TransportNotReady(f"Kafka has no topic {', '.join(missing)}: {APPLY}")
    if small := [f"{name} ({running[name]} of {wanted})" for name, wanted in names.items() if running[name] < wanted]:
        raise TransportNotReady(f"topics with too few partitions: {', '.join(small)}; make them anew, then {APPLY}")


async def _create(admin: Any, kafka: Kafka, replication: int) -> set[str]:
    wanted = [
        NewTopic(kafka.name_of(topic), topic.partitions, replication, topic_configs=configuration_of(topic))
        for topic in TOPICS
    ]
    answer = await admin.create_topics(wanted)
    created = set()
    for name, code, *reason in answer.topic_errors:
        if code == _OK:
            created.add(name)
        elif code != _EXISTS:
            said = next((text for text in reason if text), for_code(code).__name__)
            raise TransportUnavailable(f"Kafka does not create the topic {name}: {said}")
    return created


async def _visible(admin: Any, names: set[str]) -> Mapping[str, int]:
    """Partitions of all topics, once these are among them: brokers hear of a new one a moment later."""
    running = await _partitions(admin)
    async with asyncio.timeout(VISIBLE_SECONDS):
        while not names <= running.keys():
            await asyncio.sleep(_PAUSE_SECONDS)  # nothing says when
            running = await _partitions(admin)
    return running


async def _partitions(admin: Any) -> Mapping[str, int]:
    """Of all topics; asking for one by name could create it."""
    return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}


async def _configuration(admin: Any, name: str) -> Mapping[str, str]:
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    (_code, _message, _kind, _name, entries), *_ = answer.resources
    return {entry[0]: entry[1] for entry in entries}


def _differences(topic: Topic, partitions: int, running: Mapping[str, str]) -> tuple[Difference, ...]:
    pairs: Sequence[tuple[str, str, str]] = [
        ("partitions", str(topic.partitions), str(partitions)),
        *((name, wanted, running.get(name, "")) for name, wanted in configuration_of(topic).items()),
    ]
    return tuple(Difference(what, wanted, found) for what, wanted, found in pairs if wanted != found)


@asynccontextmanager
async def _administering(kafka: Kafka) -> AsyncIterator[Any]:
    with outages_named():
        admin = AIOKafkaAdminClient(**kafka.options)
        try:
            await admin.start()
            yield admin
        finally:
            await closed_within(admin.close)
