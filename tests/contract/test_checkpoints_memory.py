"""Checkpoints in memory keep the contract."""

import pytest

from tests.contract.checkpoints import CheckpointsContract
from write_side.adapters.memory_checkpoints import MemoryCheckpoints


class TestMemoryCheckpoints(CheckpointsContract):
    """The contract."""

    @pytest.fixture
    def remembered(self) -> MemoryCheckpoints:
        """Empty."""
        return MemoryCheckpoints()
