"""`crm stack`, as a user runs it: the servers of the full profile in the foreground."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import redis
from elasticsearch import Elasticsearch

from tests.integration.test_embedded_kafka import make_topic, publish, read
from tests.support.processes import survivors, tree

CRM = (sys.executable, "-m", "replay_tools", "stack", "--data")
NAMES = ["CRM_KAFKA_URL", "CRM_ELASTICSEARCH_URL", "CRM_POSTGRES_URL", "CRM_REDIS_URL"]

pytestmark = pytest.mark.slow


@contextmanager
def running(data: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A stack that is ready, and what it prints on stdout: the variables to set."""
    with subprocess.Popen([*CRM, str(data)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline().strip() for _ in NAMES]
            yield process, dict(line.split("=", 1) for line in lines)
        finally:
            process.kill()


async def assert_all_answer(urls: dict[str, str]) -> None:
    """Each of the four is there, at the address that was printed."""
    await (await asyncpg.connect(urls["CRM_POSTGRES_URL"])).close()
    with redis.Redis.from_url(urls["CRM_REDIS_URL"]) as cards:
        assert cards.ping()
    with Elasticsearch(urls["CRM_ELASTICSEARCH_URL"]) as search:
        assert search.ping()


def assert_a_second_is_refused(data: Path, *, by: int) -> None:
    """One clear line, exit code 3."""
    refused = subprocess.run([*CRM, str(data)], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (3, "", 1)
    assert refused.stderr.endswith(f"is in use by process {by}\n")


async def test_a_life_of_the_stack(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It tells where all are, keeps others out, leaves no process killed or interrupted; a new start has the data."""
    with running(tmp_path) as (process, urls):
        assert list(urls) == NAMES
        await assert_all_answer(urls)
        await make_topic(urls["CRM_KAFKA_URL"], "kept")
        await publish(urls["CRM_KAFKA_URL"], "kept", b"before the kill")
        assert_a_second_is_refused(tmp_path, by=process.pid)
        family = tree(process.pid)
        process.kill()
        assert survivors(family, seconds=20) == []
    with running(tmp_path) as (process, again):
        kept = ("CRM_KAFKA_URL", "CRM_ELASTICSEARCH_URL")
        assert [again[name] for name in kept] == [urls[name] for name in kept]
        assert await read(again["CRM_KAFKA_URL"], "kept", 1) == [b"before the kill"]
        file = tmp_path / "stack.env"
        assert file.read_text() == "".join(f"{name}={url}\n" for name, url in again.items())
        assert file.stat().st_mode & 0o777 == 0o600
        family = tree(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
        assert survivors(family, seconds=0) == []
        assert not file.exists()
    told = capfd.readouterr().err
    assert re.search(r"Kafka 3\.9\.1 +127\.0\.0\.1:\d+\n +Elasticsearch 9\.4\.3 +http://127\.0\.0\.1:\d+\n", told)
    assert "Traceback" not in told
