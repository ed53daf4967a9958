"""Asks the compiled path as of moments of a past, and says what the moments mean."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from read_api.compiler.engine import NotCompiled
from tests.support.read_oracle import Moment, Oracle
from tests.support.read_paths import BothPaths
from tests.support.read_story import Past


async def ask(paths: BothPaths, query: str, variables: dict[str, Any]) -> Any:
    """The data that the compiled path answers."""
    answer = await paths.compiled(query, variables)
    assert not isinstance(answer, NotCompiled), answer
    body = orjson.loads(answer)
    assert "errors" not in body, body
    return body["data"]


def moments(oracle: Oracle, past: Past, seed: int) -> Iterator[tuple[dict[str, Any], Moment, datetime]]:
    """Arguments with the moment that they mean and the instant from which ages count."""
    rng = random.Random(seed)
    ours = [each.recorded for each in past.versions if each.recorded.meta.tenant == "demo"]
    for recorded in rng.sample(ours, 5):
        instant = recorded.meta.recorded_at - timedelta(microseconds=rng.choice((0, 0, 1)))
        yield {"at": instant.isoformat()}, oracle.recorded(instant), instant
    for recorded in rng.sample(ours, 5):
        instant = recorded.meta.occurred_at - timedelta(microseconds=rng.choice((0, 0, 1)))
        yield {"at": instant.isoformat(), "clock": "OCCURRED"}, oracle.occurred(instant), instant
    for position in rng.sample(range(len(ours), past.head), 5):
        last = max((each for each in ours if each.position <= position), key=lambda each: each.position)
        yield {"position": str(position)}, Moment(position), last.meta.recorded_at


def printed(instant: datetime) -> str:
    """As the API prints an instant."""
    text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text.rstrip("0").rstrip(".") + "Z"
