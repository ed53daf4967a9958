"""What every import holds to, on PostgreSQL, where entities are begun many at once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from event_schemas.codec import is_chained
from event_schemas.envelope import EMPTY, StreamHead
from event_schemas.streams import START, StreamName
from tests.contract.importing import ImportingContract, counts
from tests.contract.importing_dry_run import DryRunContract
from tests.contract.importing_undo import UndoContract
from tests.support.importing import Imports
from tests.support.secrets import MASTER
from write_side.bootstrap import bulk_store

MAPPING = """
kind = "lead"
match = "external_id"
[columns]
external_id = "Id"
name = "Name"
owner_id = { column = "Owner", key = "name={}" }
[lead]
qualified = { column = "Won", equals = "1" }
converted = { column = "Won", equals = "1" }
"""


@pytest.fixture
async def imports(crm_database: str, tmp_path: Path) -> AsyncIterator[Imports]:
    """On an empty log."""
    async with bulk_store(crm_database, master_secret=MASTER) as store:
        yield Imports(store, tmp_path)


class TestImportingInBulk(ImportingContract):
    """Many at once, and by themselves what cannot be begun so."""


class TestUndoInBulk(UndoContract):
    """Of what was begun many at once."""


class TestDryRunOnPostgres(DryRunContract):
    """Decided upon what PostgreSQL has."""


@pytest.mark.parametrize("is_fresh", [True, False])
async def test_what_cannot_be_begun_together_is_done_alone(imports: Imports, is_fresh: bool) -> None:
    """Among many new rows, those that exist, repeat a key or are refused come out as they would one by one."""
    await imports.run(imports.file("Id,Name,Owner,Won\n7,Ann,,\n300,Bob,,1\n"), MAPPING)
    lines = [
        f"{n % 600},Name {n % 600 if n < 600 else n},{'nobody' if n % 100 == 50 else ''},{n % 2}" for n in range(700)
    ]
    path = imports.file("Id,Name,Owner,Won\n" + "\n".join(lines) + "\n")
    summary = await imports.run(path, MAPPING, is_fresh=is_fresh)
    assert {code for code, _ in imports.reasons.codes.values()} == {"USER_NOT_FOUND", "LEAD_ALREADY_CONVERTED"}
    types = [one.meta.type for one in await imports.recorded()]
    assert types.count("lead.captured") == 600 - 6
    assert summary.rows == summary.accepted + summary.unchanged + summary.rejected == 700
    before = await imports.store.head()
    again = await imports.run(path, MAPPING, is_fresh=is_fresh)
    assert (again.accepted, again.rejected) == (0, summary.rejected)
    assert await imports.store.head() == before


async def test_events_that_were_begun_together_are_chained(imports: Imports) -> None:
    """Each stream has its versions without a hole, and every event the hash of the one before."""
    rows = "".join(f"{n},Name {n},,1\n" for n in range(300))
    assert counts(await imports.run(imports.file("Id,Name,Owner,Won\n" + rows), MAPPING)) == (300, 300, 0, 0, 900)
    heads: dict[StreamName, StreamHead] = {}
    for stored in await imports.store.read_all(after=START, limit=10_000):
        assert is_chained(heads.get(stored.stream, EMPTY), stored)
        heads[stored.stream] = StreamHead(stored.stream_version, stored.hash)
    assert sorted(head.version for head in heads.values()) == [2, *[3] * 300]
