"""Followers of lanes over a real database, driven step by step."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

from event_schemas.ports import EventLog
from event_schemas.relayed import Relayed
from event_schemas.topics import lane_of
from projections.bootstrap import postgres_runner
from projections.engines.lanes import LaneFollower
from projections.runner import Runner
from tests.support.lane_source import LaneSource
from tests.support.secrets import MASTER
from write_side.adapters.keys import DerivedTenantKeys
from write_side.adapters.postgres_log import PostgresEventLog
from write_side.adapters.postgres_session import open_pool
from write_side.adapters.subject_salts import SubjectSalts

Owner = Callable[[], AbstractAsyncContextManager[Runner[Any]]]


@asynccontextmanager
async def lane_follower(
    url: str,
    *,
    relayed: Callable[[], Relayed | None],
    owner: Owner | None = None,
    log: Callable[[EventLog], EventLog] = lambda log: log,
) -> AsyncIterator[LaneFollower]:
    """One that keeps the Postgres views; ``log`` may put something between it and the log."""
    reading = await PostgresEventLog.connect(url, secret=MASTER)
    salts = SubjectSalts(await open_pool(url, "crm_worker", 1), DerivedTenantKeys(MASTER))
    follower = LaneFollower(
        group="postgres",
        log=log(reading),
        owner=owner or partial(postgres_runner, url, lane_of=lane_of),
        keys=salts,
        relayed=relayed,
        advanced=lambda _: None,
    )
    try:
        yield follower
    finally:
        await follower.aclose()
        await salts.close()
        await reading.close()


async def drive(follower: LaneFollower, source: LaneSource, *, until: Callable[[], bool], steps: int = 3_000) -> None:
    """Step after step; AssertionError when it does not get there."""
    for _ in range(steps):
        if until():
            return
        await follower.step(source)
    raise AssertionError(f"not there after {steps} steps: {follower.status}")


def reached(follower: LaneFollower, position: int) -> Callable[[], bool]:
    """Whether everything up to there is in the views."""
    return lambda: follower.status.position >= position and follower.status.waits_for is None
