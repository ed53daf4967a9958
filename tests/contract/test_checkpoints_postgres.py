"""Checkpoints in PostgreSQL keep the contract."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from event_schemas.ports import EventLogUnavailable
from event_schemas.streams import START, Position
from tests.contract.checkpoints import CheckpointsContract
from tests.support.network import free_port
from write_side.adapters.checkpoints import PostgresCheckpoints
from write_side.application.process_managers.ports import CheckpointMoved


class TestPostgresCheckpoints(CheckpointsContract):
    """The contract."""

    @pytest.fixture
    async def remembered(self, crm_database: str) -> AsyncIterator[PostgresCheckpoints]:
        """Empty."""
        checkpoints = await PostgresCheckpoints.connect(crm_database, connections=8)
        yield checkpoints
        await checkpoints.close()

    async def test_one_of_many_moves_it(self, remembered: PostgresCheckpoints) -> None:
        """Runners that come at the same time: one moves on, the others are told."""
        await remembered.position("one")
        moves = (remembered.advance("one", after=START, to=Position(n)) for n in range(1, 9))
        outcomes = await asyncio.gather(*moves, return_exceptions=True)
        assert [isinstance(outcome, CheckpointMoved) for outcome in outcomes].count(True) == 7


async def test_a_server_that_is_away_is_told(crm_database: str) -> None:
    """As the log is: the same call may succeed later."""
    away = crm_database.replace(crm_database.rpartition("@")[2].partition("/")[0], f"127.0.0.1:{free_port()}")
    checkpoints = await PostgresCheckpoints.connect(away)
    with pytest.raises(EventLogUnavailable):
        await checkpoints.position("one")
    with pytest.raises(EventLogUnavailable):
        await checkpoints.advance("one", after=START, to=Position(1))
    await checkpoints.close()
