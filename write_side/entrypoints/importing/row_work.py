"""What is done with one row: its commands one after the other, each under its own key."""

from event_schemas.codec import UndecodableEvent
from write_side.application.requests import OccurredOutOfOrder, Refused
from write_side.domain.errors import Rejected
from write_side.entrypoints.importing.faults import BadRow
from write_side.entrypoints.importing.lookup import Lookup, key_of
from write_side.entrypoints.importing.progress import Summary
from write_side.entrypoints.importing.rows import Plan, RowPlanner, snake
from write_side.entrypoints.importing.sending import Target, send
from write_side.entrypoints.importing.steps import LATE, OUTCOMES, Step

CLOSED = frozenset({"DEAL_IS_CLOSED", "LEAD_ALREADY_CONVERTED", OccurredOutOfOrder.code})
"""Why an entity takes no changes that is closed as the row says."""
ARCHIVED = frozenset({"LEAD_IS_ARCHIVED", "CONTACT_IS_ARCHIVED", "ACCOUNT_IS_ARCHIVED"})


class AlreadyThere(Exception):
    """The entity that a row begins exists, with other content."""


class RowWork:
    """Sends rows; every method raises BadRow."""

    def __init__(self, target: Target, planner: RowPlanner, lookup: Lookup, summary: Summary) -> None:
        self._target = target
        self._planner = planner
        self._lookup = lookup
        self.summary = summary

    async def row(self, plan: Plan, is_there: bool) -> int:
        """Events of a row."""
        planner = self._planner
        events = 0
        if not is_there:
            try:
                events = await self._send(plan, planner.create(plan))
            except AlreadyThere:
                is_there = True  # somebody else was quicker
        steps = [*(planner.changes(plan) if is_there else ()), *planner.then(plan)]
        closes = is_there and bool(steps) and OUTCOMES <= steps[-1].number < LATE
        for step in steps:
            try:
                events += await self._send_restored(plan, step)
            except BadRow as error:
                # what is closed takes no changes; if the row only closes it once more, there is nothing to complain of
                if not closes or error.code not in CLOSED or step is steps[-1]:
                    raise
        return events

    async def _send_restored(self, plan: Plan, step: Step) -> int:
        """A command of a row; what an undo archived comes back for it, what somebody archived on purpose does not."""
        try:
            return await self._send(plan, step)
        except BadRow as error:
            restoring = self._planner.restoring(plan)
            if error.code not in ARCHIVED or restoring is None or not await self._lookup.was_undone(plan):
                raise
            return await self._send(plan, restoring) + await self._send(plan, step)

    async def late(self, plan: Plan, _is_there: bool) -> int:
        return sum([await self._send(plan, step) for step in self._planner.late(plan)])

    async def _send(self, plan: Plan, step: Step) -> int:
        try:
            events = await send(self._target, step, key_of(plan, step.number))
        except Rejected as error:
            if step.number == 0 and error.at == "id" and self._planner.is_matched:
                raise AlreadyThere from error
            field = snake(error.at.partition(".")[0]) if error.at else ""
            value = self._planner.text(field, plan.row.cells)
            raise BadRow(error.message, code=error.code, field=field, value=value) from error
        except Refused as error:
            raise BadRow(str(error), code=error.code) from error
        except UndecodableEvent as error:
            raise BadRow(str(error), code="UNREADABLE_HISTORY") from error
        self.summary.events += events
        return events
