"""Processes that die, are down, meet what nobody can read, or run twice: each effect happens once all the same."""

import asyncio
import logging
from typing import Any
from uuid import UUID

import pytest

from event_schemas.lead import LeadConversionCompleted, LeadConversionFailed
from event_schemas.streams import START, Position
from event_schemas.values import Money
from tests.support.crashing import Dying, Flickering, Unreadable, died
from tests.support.office import Office
from tests.support.secrets import MASTER
from write_side.application.process_managers.ports import CheckpointMoved
from write_side.application.process_managers.runner import ProcessStatus
from write_side.application.requests import Outcome, Request
from write_side.bootstrap import processes, transactor
from write_side.domain.contact_commands import CreateContact
from write_side.domain.decider import Command
from write_side.domain.lead_commands import ConvertLead, NewDeal

STEPS = 6
"""Commands of a whole conversion."""
ONCE = {
    "account.opened": 1,
    "contact.created": 1,
    "contact.account_linked": 1,
    "deal.opened": 1,
    "deal.contact_linked": 1,
    "lead.conversion_completed": 1,
}


async def converted(office: Office, **details: Any) -> UUID:
    """A lead that was converted to all that is new, before any process has run."""
    lead = await office.qualified(**{"company": "Acme", "name": "Ada"} | details)
    deal = NewDeal(pipeline_id=office.pipeline, amount=Money(500, "USD"))
    await office.send(ConvertLead(id=lead, new_account=True, new_contact=True, new_deal=deal))
    return lead


async def effects(office: Office) -> dict[str, int]:
    """How many events of each kind have followed."""
    recorded = await office.events(*ONCE)
    causes = {one.meta.event_id: one.meta for one in await office.events("lead.converted")}
    for one in recorded:
        assert one.meta.causation_id is not None
        assert one.meta.correlation_id == causes[one.meta.causation_id].correlation_id
    types = [one.meta.type for one in recorded]
    return {name: types.count(name) for name in ONCE}


async def die(office: Office, at: int, *, after: bool) -> None:
    """Start the processes, and end them at their n-th command."""
    dying = Dying(transactor(store=office.store, master_secret=MASTER).transact, at=at, after=after)
    with pytest.raises(BaseExceptionGroup) as caught:
        await office.settle(dying)
    assert died(caught.value)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, STEPS + 1))
async def test_a_crash_at_any_step_costs_nothing(at: int, after: bool) -> None:
    """The next start goes on: one account, one contact, one deal, with their correlation and causation."""
    office = await Office.opened()
    await converted(office)
    await die(office, at, after=after)
    await office.settle()
    assert await effects(office) == ONCE


async def test_a_crash_at_every_step_after_another_costs_nothing() -> None:
    """Twelve starts, each of which ends one step further."""
    office = await Office.opened()
    await converted(office)
    for _ in range(STEPS):
        # what was made before is found, so the next thing to make is the first command of every start
        for after in (False, True):
            await die(office, 1, after=after)
    await office.settle()
    assert await effects(office) == ONCE


@pytest.mark.parametrize("at", range(1, 2 * STEPS + 1))
async def test_a_crash_among_many_costs_nothing(at: int) -> None:
    """Conversions are under way beside one another when the process dies."""
    office = await Office.opened()
    for _ in range(5):
        await converted(office)
    await die(office, at, after=bool(at % 2))
    await office.settle()
    assert await effects(office) == {name: 5 * count for name, count in ONCE.items()}


async def test_a_checkpoint_that_is_lost_after_the_effects_costs_nothing() -> None:
    """The effects are done and the process dies before it writes that down."""
    office = await Office.opened()
    await converted(office)
    await office.settle()
    office.forget()
    await office.settle()
    assert await effects(office) == ONCE


async def test_two_runners_at_once_have_one_effect_each() -> None:
    """Both see every event and send every command; the log takes each once, and the checkpoint goes on."""
    office = await Office.opened()
    for _ in range(20):
        await converted(office)
    await asyncio.gather(office.settle(), office.settle())
    assert await effects(office) == {name: 20 * count for name, count in ONCE.items()}


async def test_a_checkpoint_is_moved_by_one_of_two() -> None:
    """Who comes second is told, and nothing of theirs is remembered."""
    office = await Office.opened()
    remembered, (first, second) = office.remembered, (Position(1), Position(2))
    await remembered.advance("conversion", after=START, to=first)
    with pytest.raises(CheckpointMoved):
        await remembered.advance("conversion", after=START, to=second)
    assert await remembered.position("conversion") == first


async def test_a_store_that_is_down_is_waited_for() -> None:
    """Nothing is given up and nothing done twice, whether or not what was refused had been stored."""
    office = await Office.opened(Flickering)
    await converted(office)
    assert isinstance(office.store, Flickering)
    office.store.refusals = 5
    managers = await office.settle()
    assert office.store.refusals == 0
    assert await effects(office) == ONCE
    assert managers.failures["conversion"].count == 0


async def test_an_event_that_nobody_can_read_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """It is a failure with its position, in the log of the program too; what comes after it has its effects."""
    office = await Office.opened(Unreadable)
    assert isinstance(office.store, Unreadable)
    for _ in range(2):
        await converted(office)
    office.store.at = position = (await office.events("lead.converted"))[0].position
    with caplog.at_level(logging.ERROR):
        managers = await office.settle()
    assert [(failure.position, failure.code) for failure in managers.failures["conversion"].last] == [
        (position, "UNREADABLE")
    ]
    assert f"event at {position}" in caplog.text
    assert len(await office.events("lead.conversion_completed")) == 1


class Defective:
    """Fails at one kind of command as no one foresaw, so many times."""

    def __init__(self, office: Office, command: type[Command], times: int) -> None:
        self._transact = transactor(store=office.store, master_secret=MASTER).transact
        self._command = command
        self.left = times

    async def __call__(self, command: Command, request: Request) -> Outcome:
        """One command."""
        if isinstance(command, self._command) and self.left:
            self.left -= 1
            raise ZeroDivisionError("a defect")
        return await self._transact(command, request)


@pytest.mark.parametrize(("times", "settlement"), [(2, LeadConversionCompleted), (99, LeadConversionFailed)])
async def test_a_defect_is_tried_again_and_then_told(times: int, settlement: Any) -> None:
    """A step that fails for no known reason a few times goes on; one that always does fails the conversion."""
    office = await Office.opened()
    lead = await converted(office)
    other = await office.qualified(name="Bob")
    await office.send(ConvertLead(id=other))
    await office.settle(Defective(office, CreateContact, times))
    settled = (await office.state("lead", lead)).settlement
    assert isinstance(settled, settlement)
    if isinstance(settled, LeadConversionFailed):
        assert (settled.step, settled.code) == ("contact", "INTERNAL_ERROR")
        assert "defect" not in settled.reason
    assert isinstance((await office.state("lead", other)).settlement, LeadConversionCompleted)


async def test_a_running_process_tells_how_it_is_doing(caplog: pytest.LogCaptureFixture) -> None:
    """What it waits for while the store is down, which is no error, and where it is once its effects are done."""
    office = await Office.opened(Flickering)
    assert isinstance(office.store, Flickering)
    lead = await office.qualified(name="Ada")
    managers = office.processes()
    converting, _ = managers.status
    running = asyncio.create_task(managers.run())
    try:
        outcome = await office.send(ConvertLead(id=lead))
        office.store.refusals = 10_000
        async with asyncio.timeout(10):
            while converting.waits_for is None:  # noqa: ASYNC110 # a status is looked at; nothing tells of a change
                await asyncio.sleep(0)
        assert "does not answer" in str(converting.waits_for)
        office.store.refusals = 0
        await managers.settled(outcome.position)
        assert managers.status[0] == ProcessStatus("conversion", outcome.position)
        assert {record.levelname for record in caplog.records} == {"WARNING"}
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_what_nobody_wants_is_passed_over() -> None:
    """While nothing of interest happens the checkpoints go on all the same, so that no start begins far behind."""
    office = await Office.opened()
    await office.qualified(name="Ada")
    head = await office.store.head()
    managers = processes(store=office.store, transact=office.transact, remembered=office.remembered, idle_seconds=0.01)
    running = asyncio.create_task(managers.run())
    try:
        async with asyncio.timeout(10):
            while await office.remembered.position("conversion") < head:  # noqa: ASYNC110 # as above
                await asyncio.sleep(0)
        lead = await converted(office)
        await managers.settled(await office.store.head())
        assert isinstance((await office.state("lead", lead)).settlement, LeadConversionCompleted)
    finally:
        running.cancel()
        await asyncio.wait([running])
