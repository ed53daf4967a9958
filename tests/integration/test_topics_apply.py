"""`crm topics apply` and the start of `crm relay`, on a real broker."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from typer.testing import CliRunner, Result

from event_schemas.topics import DEALS, TOPICS
from replay_tools.cli import app
from tests.support.network import free_port
from tests.support.platform import CRM


def crm(*arguments: str, **environment: str) -> Result:
    """One command, with these settings."""
    return CliRunner().invoke(app, arguments, env=environment)


@pytest.fixture
def settings(kafka_url: str) -> dict[str, str]:
    """Of a platform whose topics only this test has."""
    return {"CRM_KAFKA_URL": kafka_url, "CRM_KAFKA_PREFIX": f"{uuid4().hex}."}


def test_topics_are_made_once(settings: dict[str, str]) -> None:
    """With their partitions; the second time all is well."""
    first, second = (crm("topics", "apply", "-o", "json", **settings) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0), first.stderr + second.stderr
    names = [(settings["CRM_KAFKA_PREFIX"] + topic.name, topic.partitions) for topic in TOPICS]
    for result, outcome in ((first, "created"), (second, "ok")):
        told = json.loads(result.stdout)
        assert [(topic["topic"], topic["partitions"]) for topic in told] == names
        assert {topic["outcome"] for topic in told} == {outcome}
        assert result.stderr == ""


@pytest.mark.parametrize("output", ["table", "ndjson", "csv"])
def test_every_output_names_every_topic(settings: dict[str, str], output: str) -> None:
    """One line each."""
    result = crm("topics", "apply", "-o", output, **settings)
    lines = result.stdout.splitlines()[1 if output == "csv" else 0 :]
    assert [topic.name in line and "created" in line for topic, line in zip(TOPICS, lines, strict=True)] == [True] * 8


async def make(url: str, name: str) -> None:
    """A topic as somebody else would have made it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=url)
    await admin.start()
    other = {"retention.ms": "1000", "cleanup.policy": "compact"}
    await admin.create_topics([NewTopic(name, 3, 1, topic_configs=other)])
    await admin.close()


def test_a_topic_that_differs_is_warned_of_and_left_alone(settings: dict[str, str]) -> None:
    """Partitions and every setting that we depend on; the others are made."""
    name = settings["CRM_KAFKA_PREFIX"] + DEALS.name
    asyncio.run(make(settings["CRM_KAFKA_URL"], name))
    for _ in range(2):
        result = crm("topics", "apply", "-o", "json", **settings)
        assert result.exit_code == 0
        (differing,) = [topic for topic in json.loads(result.stdout) if topic["outcome"] == "differs"]
        assert differing["topic"] == name
        found = {difference["what"]: difference["found"] for difference in differing["differences"]}
        assert found == {
            "partitions": "3",
            "retention.ms": "1000",
            "cleanup.policy": "compact",
            "max.message.bytes": "1048588",
        }
        assert f"warning: topic {name}: partitions is 3, not 12" in result.stderr
        assert f"warning: topic {name}: retention.ms is 1000, not 604800000" in result.stderr


def test_more_replicas_than_brokers_are_refused_in_one_line(settings: dict[str, str]) -> None:
    """Kafka says so, and nothing is made."""
    result = crm("topics", "apply", "--replication-factor", "3", **settings)
    assert (result.exit_code, result.stdout) == (3, "")
    (line,) = result.stderr.splitlines()
    assert "eplication" in line


@pytest.mark.parametrize("command", [("topics", "apply"), ("relay",)])
def test_without_an_address_of_kafka_one_line_says_so(command: tuple[str, ...], tmp_path: Path) -> None:
    """Exit code 3: something is not there."""
    result = crm(*command, CRM_EVENT_STORE_URL="postgresql://127.0.0.1:1/x", HOME=str(tmp_path))
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.splitlines() == [
        "CRM_KAFKA_URL is not set: name the brokers, such as CRM_KAFKA_URL=127.0.0.1:9092"
    ]


def test_without_a_log_the_relay_says_so(settings: dict[str, str], tmp_path: Path) -> None:
    """Neither a URL nor a platform that runs on the folder."""
    result = crm("relay", "--data", str(tmp_path / "nothing"), **settings)
    assert (result.exit_code, result.stdout) == (3, "")
    assert len(result.stderr.splitlines()) == 1


def test_a_broker_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """Exit code 3."""
    result = crm("topics", "apply", CRM_KAFKA_URL=f"127.0.0.1:{free_port()}")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "Kafka" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_relay_without_topics_says_what_to_do(settings: dict[str, str], postgres_url: str) -> None:
    """It names them, and the command that makes them; as a process, since it goes to work."""
    environment = {**os.environ, **settings, "CRM_EVENT_STORE_URL": postgres_url}
    result = subprocess.run((*CRM, "relay"), check=False, capture_output=True, text=True, env=environment, timeout=60)
    assert (result.returncode, result.stdout) == (3, "")
    (line,) = result.stderr.splitlines()
    assert f"{settings['CRM_KAFKA_PREFIX']}deals.pipeline" in line
    assert "crm topics apply" in line
