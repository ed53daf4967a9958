"""The tables of the views: brought up to date by whoever asks, any number of times."""

import asyncio
from collections.abc import Sequence
from importlib.resources import files
from random import Random

import asyncpg
import msgspec

from event_schemas.envelope import StoredEvent
from event_schemas.streams import Position
from projections.catalog import POSTGRES, ViewGroup
from projections.changes import Change
from projections.migrations import upgrade
from projections.runner import Runner
from projections.sinks.connection import connected
from projections.sinks.documents import StoredDocuments
from projections.sinks.postgres import postgres_sink
from projections.sinks.progress import Progress
from projections.views import (
    account_list,
    account_tree,
    deal_board,
    deal_stage_history,
    entity_states,
    entity_timeline,
    pipeline_list,
    product_list,
    team_list,
    user_list,
)
from tests.support.events import Log, some_id
from tests.support.histories import account_opened, deal_opened, everything
from tests.support.views import project_rows, rows


async def tables(url: str) -> set[str]:
    """The tables of a database."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        return {row[0] for row in found}
    finally:
        await connection.close()


async def test_an_empty_database_gets_every_table_of_the_views(database: str) -> None:
    """Without the tables of the log, which may be in another database."""
    await upgrade(database)
    assert {*POSTGRES.tables, "watermarks", "documents", "dead_letters"} <= await tables(database)


async def test_several_at_once_do_it_once(database: str) -> None:
    """Two processes that start together, and one that comes later."""
    await asyncio.gather(upgrade(database), upgrade(database), upgrade(database))
    before = await tables(database)
    await upgrade(database)
    assert await tables(database) == before


_NEW_KINDS = ("lead-", "contact-", "activity-", "saved_view-")
_NEW_EVENTS = (
    "deal.account_changed",
    "deal.contact_linked",
    "deal.contact_unlinked",
    "deal.line_items_set",
    "account.merged",
)
_NEW_TABLES = {"deal_contacts", "entity_links"}
_OLD_VIEWS = (
    deal_board,
    deal_stage_history,
    account_list,
    account_tree,
    pipeline_list,
    product_list,
    team_list,
    user_list,
    entity_states,
    entity_timeline,
)


def old_and_new() -> tuple[list[StoredEvent], list[StoredEvent]]:
    """A history: first what there was before leads, contacts and activities, then what came with them.

    One deal and one account are left alone by what came later.
    """
    log = Log()
    log.append("deal", some_id("left alone"), deal_opened())
    log.append("account", some_id("left alone"), account_opened())
    events = log.events + everything(Random(21), 600)
    new = [one for one in events if one.stream.startswith(_NEW_KINDS) or one.type in _NEW_EVENTS]
    old = [one for one in events if one not in new]
    placed = [msgspec.structs.replace(one, position=Position(at)) for at, one in enumerate([*old, *new], start=1)]
    return placed[: len(old)], placed[len(old) :]


async def project_as_before(url: str, events: Sequence[StoredEvent]) -> None:
    """The tables of revision 0002, and in them what its views wrote: no column of later is there to be written."""
    connection = await asyncpg.connect(url)
    try:
        for script in ("0001_views.sql", "0002_as_of.sql"):
            await connection.execute(files("projections.migrations").joinpath(script).read_text(encoding="utf-8"))
        # the program of today names this column, which came later; it is gone before the upgrade
        await connection.execute("alter table watermarks add column next_offset bigint")
        await connection.execute("create table alembic_version_views (version_num varchar(32) primary key)")
        await connection.execute("insert into alembic_version_views values ('0002')")
    finally:
        await connection.close()
    group: ViewGroup[Change] = ViewGroup(POSTGRES.name, *_OLD_VIEWS)
    async with connected(url) as worker:
        old_tables = [table for table in group.tables if table not in _NEW_TABLES]
        sink = await postgres_sink(worker, old_tables, StoredDocuments(group=group.name, connection=worker))
        runner = Runner(group=group, progress=Progress(group=group.name, connection=worker), sink=sink)
        await runner.resume()
        await runner.project(events)
    connection = await asyncpg.connect(url)
    await connection.execute("alter table watermarks drop column next_offset")
    await connection.close()


async def test_rows_of_before_are_those_of_a_rebuild(database: str, crm_database: str) -> None:
    """After views were added, the group begins again: what it has then is what one pass into new tables writes."""
    old, new = old_and_new()
    assert min(len(old), len(new)) > 200
    await project_as_before(database, old)
    await upgrade(database)
    await project_rows(database, [*old, *new])
    await project_rows(crm_database, [*old, *new])

    found, rebuilt = await rows(database), await rows(crm_database)
    for table in (*POSTGRES.tables, "documents", "dead_letters", "watermarks"):
        assert found[table] == rebuilt[table], table
    assert not rebuilt["dead_letters"]
    assert all(rebuilt[table] for table in POSTGRES.tables)
