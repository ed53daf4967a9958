"""What every import holds to, one by one or in bulk: what it leaves in the log, and that nothing happens twice.

A subclass's module provides ``imports``, on an empty log.
"""

import asyncio
import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from event_schemas.account import AccountOpened, AccountParentSet
from event_schemas.activity import ActivityKind
from event_schemas.lead import LeadCaptured
from event_schemas.people import Attribute
from event_schemas.streams import entity_id
from tests.support.importing import TENANT, Imports
from write_side.application.ports import EventStoreUnavailable
from write_side.application.requests import Outcome, Request
from write_side.domain.decider import Command
from write_side.entrypoints.importing.importer import Incomplete
from write_side.entrypoints.importing.mapping import Part
from write_side.entrypoints.importing.rejected import RejectedRows
from write_side.entrypoints.importing.source import Share

LEADS = """
kind = "lead"
[columns]
name = "Name"
email = "Mail"
owner_id = { column = "Owner", key = "name={}" }
[attributes]
columns = "others"
[lead]
qualified = { column = "Won", equals = "1" }
converted = { column = "Won", equals = "1" }
"""
KEYED = "kind = 'lead'\nmatch = 'external_id'\n[columns]\nexternal_id = 'Id'\nname = 'Name'\ncompany = 'Company'"
USERS = "kind = 'user'\nmatch = 'name'\n[columns]\nname = 'Agent'\nregion = 'Region'"
ACCOUNTS = "kind='account'\nmatch='name'\n[columns]\nname='Name'\nparent_id={column='Parent', key='name={}'}"


CONTACTS = "kind = 'contact'\nmatch = 'external_id'\n[columns]\nexternal_id = 'Id'\nemail = 'Mail'"


def counts(summary: Any) -> tuple[int, int, int, int, int]:
    """Rows, accepted, unchanged, rejected, events."""
    return summary.rows, summary.accepted, summary.unchanged, summary.rejected, summary.events


class ImportingContract:
    """Imports of small files."""

    async def test_rows_become_commands(self, imports: Imports) -> None:
        """A row is captured with its attributes, and what its rules say happens to it; all under the batch."""
        path = imports.file("Name,Mail,Won,City,Owner\nAnn,ann@x.org,1,Berlin,\nBob,bob@x.org,0,,\n")
        summary = await imports.run(path, LEADS)
        assert counts(summary) == (2, 2, 0, 0, 4)
        recorded = await imports.recorded()
        assert sorted(one.meta.type for one in recorded) == sorted(
            ["batch.started", *2 * ["lead.captured"], "lead.qualified", "lead.converted", "batch.finished"]
        )
        assert {str(one.meta.correlation_id) for one in recorded} == {summary.batch}
        assert {one.meta.source for one in recorded} == {"import"}
        captured = [event for event in await imports.events() if isinstance(event, LeadCaptured)]
        assert [lead.attributes for lead in captured if lead.person and lead.person.name == "Ann"] == [
            (Attribute("Won", "1"), Attribute("City", "Berlin"))
        ]

    async def test_a_bad_row_does_not_stop_the_rest(self, imports: Imports) -> None:
        """Rows that cannot be read, made or decided are told with their reasons; the others are imported."""
        path = imports.file(
            "Name,Mail,Won,City,Owner\nAnn,ann@x.org,0,,\nBob,nowhere,0,,\n,,0,x,\nCid,c@x.org,0,,Nobody\nDora\nEve,,1,,\n"
        )
        summary = await imports.run(path, LEADS)
        assert counts(summary) == (6, 2, 0, 4, 4)
        assert imports.reasons.codes == {
            3: ("INVALID_VALUE", "email"),
            4: ("LEAD_NOT_IDENTIFIED", ""),
            5: ("USER_NOT_FOUND", "owner_id"),
            6: ("MALFORMED_ROW", ""),
        }
        assert imports.reasons.rows[5].value == "Nobody"

    async def test_rejected_rows_are_a_file(self, imports: Imports, tmp_path: Path) -> None:
        """The errors file has row, field, code, message and value; without rejected rows there is none."""
        path = imports.file("Name,Mail,Won,City,Owner\nAnn,nowhere,0,,\n")
        errors = tmp_path / "errors.csv"
        errors.write_text("of an earlier run")
        with RejectedRows(errors) as rejected:
            await imports.run(path, LEADS, rejected=rejected)
        header, row = errors.read_text().splitlines()
        assert header == "row,field,code,message,value"
        assert row.startswith("2,email,INVALID_VALUE,")
        assert row.endswith(",nowhere")

    async def test_the_same_file_again_changes_nothing(self, imports: Imports) -> None:
        """All rows of a batch sent once more are unchanged, and the log is as it was."""
        path = imports.file("Name,Mail,Won,City,Owner\nAnn,ann@x.org,1,,\nBob,bob@x.org,0,,\n")
        await imports.run(path, LEADS)
        before = await imports.store.head()
        assert counts(await imports.run(path, LEADS)) == (2, 0, 2, 0, 0)
        assert await imports.store.head() == before

    @pytest.mark.parametrize("mapping", [LEADS, LEADS.replace("[columns]", "match = 'name'\n[columns]")])
    async def test_a_wrong_belief_that_nothing_was_begun_changes_nothing(self, imports: Imports, mapping: str) -> None:
        """Told that nothing was begun, though everything was, a run finds out and leaves the log as it was."""
        path = imports.file("Name,Mail,Won,City,Owner\nAnn,ann@x.org,1,,\nBob,bob@x.org,0,,\n")
        await imports.run(path, mapping, is_fresh=True)
        before = await imports.store.head()
        assert counts(await imports.run(path, mapping, is_fresh=True)) == (2, 0, 2, 0, 0)
        assert await imports.store.head() == before

    async def test_again_is_another_batch(self, imports: Imports) -> None:
        """Asked to, a finished file is imported once more; an unfinished second time is gone on with."""
        path = imports.file("Name,Mail,Won,City,Owner\nAnn,,0,,\n")
        first = await imports.run(path, LEADS)
        half = await imports.importer(path, LEADS, again=True)
        await half.begin()
        await half.rows()
        second = await imports.run(path, LEADS, again=True)
        third = await imports.run(path, LEADS, again=True)
        assert counts(second) == (1, 0, 1, 0, 0)
        assert counts(third) == (1, 1, 0, 0, 1)
        assert len({first.batch, second.batch, third.batch}) == 3

    async def test_another_mapping_or_content_is_another_batch(self, imports: Imports) -> None:
        """A batch is the file's content and the mapping's, whatever they are called."""
        path = imports.file("Name,Mail,Won,City,Owner\nAnn,,0,,\n")
        first = await imports.batch(path, LEADS)
        renamed = path.rename(path.with_name("other.csv"))
        assert await imports.batch(renamed, LEADS) == first
        assert await imports.batch(renamed, LEADS + "\n# changed") != first
        assert await imports.batch(imports.file("Name,Mail,Won,City,Owner\nBob,,0,,\n"), LEADS) != first

    @pytest.mark.parametrize("after", range(1, 11))
    async def test_an_interrupted_import_goes_on(self, imports: Imports, after: int) -> None:
        """Cut off after any command, a run is gone on with, and the log holds each event once."""
        path = imports.file("Name,Mail,Won,City,Owner\n" + "".join(f"P{n},,{n % 2},,\n" for n in range(5)))
        left = after

        async def failing(command: Command, request: Request) -> Outcome:
            nonlocal left
            left -= 1
            if left < 0:
                raise EventStoreUnavailable("cut off")
            return await imports.transact(command, request)

        with pytest.raises(EventStoreUnavailable):
            await imports.run(path, LEADS, transact=failing, in_flight=1)
        summary = await imports.run(path, LEADS)
        assert (summary.rows, summary.rejected) == (5, 0)
        types = [one.meta.type for one in await imports.recorded()]
        assert [types.count(name) for name in ("lead.captured", "lead.qualified", "lead.converted")] == [5, 2, 2]
        assert types.count("batch.finished") == 1

    async def test_a_match_key_updates_what_is_there(self, imports: Imports) -> None:
        """A second file changes the entity that the first one made; what is empty or equal changes nothing."""
        first = await imports.run(imports.file("Id,Name,Company\n1,Ann,Acme\n2,Bob,Bolt\n"), KEYED)
        second = await imports.run(imports.file("Id,Name,Company\n1,Ann,\n2,Rob,Bolt\n3,Cid,\n"), KEYED)
        assert counts(first) == (2, 2, 0, 0, 2)
        assert counts(second) == (3, 2, 1, 0, 2)
        changed = await imports.recorded("lead.details_changed")
        assert [one.entity_id for one in changed] == [entity_id(TENANT, "lead", "external_id=2")]

    async def test_rows_about_one_entity_keep_their_order(self, imports: Imports) -> None:
        """Several rows of one key are done one after the other, and the last one counts; the same again is no news."""
        rows = [["Id", "Name", "Company"], *([str(n % 3), f"Name {n}", "C"] for n in range(60))]
        path = imports.file(rows)
        summary = await imports.run(path, KEYED)
        assert counts(summary) == (60, 60, 0, 0, 60)
        last: dict[UUID, Any] = {
            one.entity_id: one.event for one in await imports.recorded("lead.captured", "lead.details_changed")
        }
        assert {event.person.name for event in last.values()} == {"Name 57", "Name 58", "Name 59"}
        assert counts(await imports.run(path, KEYED)) == (60, 0, 60, 0, 0)

    async def test_shares_make_the_whole(self, imports: Imports) -> None:
        """Divided among processes every row is done by exactly one, and rows of one key by the same."""
        path = imports.file([["Id", "Name", "Company"], *([str(n % 50), f"Name {n}", "C"] for n in range(200))])
        shares = [await imports.importer(path, KEYED, share=Share(part, 3)) for part in range(3)]
        await shares[0].begin()
        parts = await asyncio.gather(*(one.rows() for one in shares))
        assert sum(part.rows for part in parts) == sum(part.accepted for part in parts) == 200
        assert all(part.rows > 20 for part in parts)
        last: dict[UUID, Any] = {
            one.entity_id: one.event for one in await imports.recorded("lead.captured", "lead.details_changed")
        }
        assert {event.person.name for event in last.values()} == {f"Name {n}" for n in range(150, 200)}

    async def test_backdated_rows_happened_then(self, imports: Imports) -> None:
        """With a column for the business time, events occurred then and were recorded now."""
        path = imports.file("Id,Name,Company,When\n1,Ann,,2024-05-06\n2,Bob,,\n3,Cid,,soon\n4,Dan,,2199-01-01\n")
        summary = await imports.run(path, KEYED, as_of=Part(column="When"))
        assert counts(summary) == (4, 2, 0, 2, 2)
        occurred = {one.event.external_id: one.meta.occurred_at for one in await imports.recorded("lead.captured")}  # type: ignore[attr-defined]  # a lead
        assert occurred["1"] == datetime(2024, 5, 6, tzinfo=UTC)
        assert abs(occurred["2"] - datetime.now(UTC)) < timedelta(minutes=5)
        assert imports.reasons.codes == {4: ("INVALID_VALUE", "occurred_at"), 5: ("OCCURRED_OUT_OF_ORDER", "")}

    async def test_links_within_a_file_wait_for_all_rows(self, imports: Imports) -> None:
        """A parent may come below its child in the file; one that never comes is that row's fault alone."""
        path = imports.file("Name,Parent\nChild,Mother\nMother,\nLost,Nobody\n")
        summary = await imports.run(path, ACCOUNTS)
        assert counts(summary) == (3, 2, 0, 1, 4)
        assert imports.reasons.codes == {4: ("ACCOUNT_NOT_FOUND", "parent_id")}
        events = await imports.events()
        assert [event.name for event in events if isinstance(event, AccountOpened)] == ["Child", "Mother", "Lost"]
        assert [event.parent_id for event in events if isinstance(event, AccountParentSet)] == [
            entity_id(TENANT, "account", "name=Mother")
        ]
        assert counts(await imports.run(path, ACCOUNTS)) == (3, 0, 2, 1, 0)

    async def test_references_by_key_find_what_another_file_made(self, imports: Imports) -> None:
        """Leads imported after users are theirs by name."""
        await imports.run(imports.file("Agent,Region\nZoe,East\nZoe,West\n", "users.csv"), USERS)
        path = imports.file("Name,Mail,Won,City,Owner\nAnn,,0,,Zoe\n")
        assert counts(await imports.run(path, LEADS)) == (1, 1, 0, 0, 1)
        (lead,) = [event for event in await imports.events() if isinstance(event, LeadCaptured)]
        assert lead.owner_id == entity_id(TENANT, "user", "name=Zoe")

    async def test_activities_are_logged_or_scheduled(self, imports: Imports) -> None:
        """A row with a due date is scheduled, another is logged; both are about what the row names."""
        await imports.run(imports.file("Id,Name,Company\n1,Ann,\n"), KEYED)
        mapping = """
            kind = "activity"
            [columns]
            kind = "Type"
            subject = "Subject"
            due_at = "Due"
            lead_id = { column = "Lead", key = "external_id={}" }
        """
        path = imports.file(
            "Type,Subject,Due,Lead\nCall,Hello,,1\nTask,Send it,2027-01-31,1\nTask,x,,1\nDance,x,,\n", "a.csv"
        )
        assert counts(await imports.run(path, mapping)) == (4, 2, 0, 2, 2)
        assert imports.reasons.codes == {4: ("ACTIVITY_NOT_FOR_LOGGING", "kind"), 5: ("INVALID_VALUE", "kind")}
        logged, scheduled = await imports.events("activity.logged", "activity.scheduled")
        assert (logged.kind, scheduled.kind) == (ActivityKind.CALL, ActivityKind.TASK)
        assert {one.id for one in (*logged.related, *scheduled.related)} == {entity_id(TENANT, "lead", "external_id=1")}

    async def test_a_file_that_breaks_off_keeps_what_came_before(self, imports: Imports) -> None:
        """Rows before the damage are imported; the batch is not finished, so the log does not claim it was."""
        packed = gzip.compress(
            "\n".join(["Id,Name,Company", *(f"{n},N{n * 7919 % 997},C" for n in range(20_000))]).encode()
        )
        path = imports.folder / "leads.csv.gz"
        path.write_bytes(packed[: len(packed) // 20])
        with pytest.raises(Incomplete, match="cut off after row") as caught:
            await imports.run(path, KEYED)
        captured = await imports.recorded("lead.captured")
        assert len(captured) == caught.value.summary.accepted > 100
        assert await imports.recorded("batch.finished") == []

    async def test_columns_say_what_a_contact_consents_to(self, imports: Imports) -> None:
        """Yes gives a consent and no withdraws it, with how it is known; another text says nothing."""
        mapping = (
            CONTACTS
            + """
            [consents.newsletter]
            channel = "email"
            column = "News"
            given = ["yes", "1"]
            withdrawn = "no"
            evidence = "Form"
            [consents.offers_by_phone]
            channel = "phone"
            purpose = "offers"
            column = "Calls"
            given = "yes"
            """
        )
        lines = "Id,Mail,News,Form,Calls\n1,ann@x.org,yes,web,\n2,bob@x.org,no,,yes\n3,cid@x.org,?,,\n"
        path = imports.file(lines)
        assert counts(await imports.run(path, mapping)) == (3, 3, 0, 0, 6)
        given = await imports.events("contact.consent_given")
        assert sorted((one.channel, one.purpose, one.evidence) for one in given) == [
            ("email", "newsletter", "web"),
            ("phone", "offers", ""),
        ]
        (withdrawn,) = await imports.events("contact.consent_withdrawn")
        assert (withdrawn.channel, withdrawn.purpose) == ("email", "newsletter")
        again = imports.file(lines + "\n", "again.csv")
        assert counts(await imports.run(again, mapping)) == (3, 0, 3, 0, 0)
