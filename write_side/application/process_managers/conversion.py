"""Conversion: makes what a converted lead becomes, links it, and tells the lead how it went."""

import asyncio
from collections.abc import Sequence
from typing import Final

from event_schemas.envelope import Recorded, StoredEvent
from event_schemas.registry import Event
from event_schemas.streams import Position, StreamName
from write_side.application.process_managers.acting import Acting
from write_side.application.process_managers.failures import Failures, NotDone, attempted
from write_side.application.process_managers.making import Making, StepFailed
from write_side.application.process_managers.ports import Checkpoints
from write_side.domain.lead import Converted
from write_side.domain.lead_commands import CompleteLeadConversion, FailLeadConversion

NAME: Final = "conversion"
CONCURRENT: Final = 32
"""Leads whose conversions are under way at once."""
LONGEST_REASON: Final = 2000


class Conversion:
    """Follows ``lead.converted``. Every step is safe to repeat, so a crash between any two costs nothing."""

    name = NAME
    types = frozenset({"lead.converted"})

    def __init__(self, *, acting: Acting, checkpoints: Checkpoints) -> None:
        self.failures = Failures(NAME)
        self._acting = acting
        self._checkpoints = checkpoints
        self._at = Position(0)

    async def resume(self) -> Position:
        """Where it left off."""
        self._at = await self._checkpoints.position(NAME)
        return self._at

    async def take(self, events: Sequence[StoredEvent], to: Position) -> None:
        """Settle all these conversions, many at once."""
        # A lead that was converted again after a failure: its newest conversion is the one that counts.
        newest: dict[StreamName, StoredEvent] = {event.stream: event for event in events}
        room = asyncio.Semaphore(CONCURRENT)
        outcomes = await asyncio.gather(
            *(self._within(room, event) for event in newest.values()), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        await self._checkpoints.advance(NAME, after=self._at, to=to)
        self._at = to

    async def _within(self, room: asyncio.Semaphore, stored: StoredEvent) -> None:
        async with room:
            if (recorded := self.failures.decoded(stored)) is None:
                return
            try:
                await attempted(lambda: self._settle(recorded))
            except NotDone as error:
                self.failures.add(stored.position, error)

    async def _settle(self, cause: Recorded[Event]) -> None:
        """Nothing, when the conversion is settled or another one came after it."""
        lead = await self._acting.state(cause.meta.tenant, "lead", cause.entity_id)
        if not isinstance(lead, Converted) or lead.settlement is not None or lead.conversion != cause.event:
            return
        try:
            made = await Making(self._acting, cause=cause, lead=lead).run()
        except StepFailed as failed:
            reason = failed.reason[:LONGEST_REASON]
            command = FailLeadConversion(id=cause.entity_id, step=failed.step, code=failed.code, reason=reason)
            await self._acting.send(command, cause, "fail")
        else:
            settled = CompleteLeadConversion(
                id=cause.entity_id, account_id=made.account_id, contact_id=made.contact_id, deal_id=made.deal_id
            )
            await self._acting.send(settled, cause, "complete")
