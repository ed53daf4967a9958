"""What every import holds to, on a log in memory."""

from pathlib import Path

import pytest

from tests.contract.importing import ImportingContract
from tests.contract.importing_dry_run import DryRunContract
from tests.contract.importing_undo import UndoContract
from tests.support.importing import Imports
from write_side.adapters.recorder import RecorderEventStore


@pytest.fixture
def imports(tmp_path: Path) -> Imports:
    """On an empty log."""
    return Imports(RecorderEventStore.in_memory(), tmp_path)


class TestImportingInMemory(ImportingContract):
    """One by one."""


class TestUndoInMemory(UndoContract):
    """One by one."""


class TestDryRunInMemory(DryRunContract):
    """One by one."""
