"""What the lists are asked for most is bounded by an index, for the API's role behind row security."""

from collections.abc import AsyncIterator
from random import Random

import asyncpg
import pytest

from projections.sinks.connection import Connection
from tests.support.events import some_id
from tests.support.histories import everything
from tests.support.views import project_rows

SOMEBODY = f"'{some_id('user 1')}'"


@pytest.fixture
async def api(crm_database: str) -> AsyncIterator[Connection]:
    """The API's connection, whose planner takes an index wherever one answers."""
    await project_rows(crm_database, everything(Random(1), 200))
    connection: Connection = await asyncpg.connect(crm_database, server_settings={"role": "crm_api"})
    try:
        await connection.execute("select set_config('crm.tenant', 'demo', false)")
        await connection.execute("set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off")
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ("lead_list where email_normal = 'a@x.example'", "lead_list_email"),
        ("lead_list where phone_e164 = '+14155550123'", "lead_list_phone"),
        ("lead_list where external_id = 'L-7'", "lead_list_external"),
        ("lead_list where status = 'new' order by captured_at desc, id desc", "lead_list_status"),
        (f"lead_list where owner_id = {SOMEBODY}", "lead_list_owner"),
        ("lead_list order by name, id", "lead_list_name"),
        ("lead_list order by captured_at desc, id desc", "lead_list_captured"),
        ("contact_list where email_normal = 'a@x.example'", "contact_list_email"),
        ("contact_list where phone_e164 = '+14155550123'", "contact_list_phone"),
        ("contact_list order by created_at desc, id desc", "contact_list_created"),
        (f"contact_accounts where account_id = {SOMEBODY}", "contact_accounts_account"),
        (f"deal_contacts where contact_id = {SOMEBODY}", "deal_contacts_contact"),
        (f"activity_related where entity_id = {SOMEBODY}", "activity_related_entity"),
        ("activity_list where status = 'open' order by due_at, id", "activity_list_due"),
        (f"activity_list where status = 'open' and owner_id = {SOMEBODY} order by due_at, id", "activity_list_agenda"),
        ("activity_list order by created_at desc, id desc", "activity_list_created"),
        ("activity_counts where day >= '2017-06-30'", "activity_counts_day"),
    ],
)
async def test_a_question_has_its_index(api: Connection, asked: str, index: str) -> None:
    """The whole question: the value is part of the index's condition, or its order is the index's, without a sort."""
    plan = [line[0] for line in await api.fetch(f"explain select * from {asked}")]
    assert f" using {index} on " in plan[0], plan
    assert "Filter" not in "\n".join(plan), plan
