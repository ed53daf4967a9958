"""Merging: what goes on takes over what the merged one knew, and all that referred to the one refers to the other."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from event_schemas.account import AccountMerged, AccountParentSet, AccountRestored
from event_schemas.contact import ContactAccountLinked, ContactMerged, ContactRelated, ContactRestored
from event_schemas.deal import DealAccountChanged, DealContactLinked, DealOpened
from event_schemas.envelope import Recorded, StoredEvent
from event_schemas.lead import LeadMerged
from event_schemas.registry import Event
from event_schemas.streams import Position, TenantId
from write_side.application.process_managers.acting import Acting
from write_side.application.process_managers.failures import Failures, NotDone, attempted
from write_side.application.process_managers.links import LinkChanges, MergedEntity, note
from write_side.application.process_managers.moving import Moving
from write_side.application.process_managers.ports import Checkpoints, Links

NAME: Final = "merging"
TYPES: Final = frozenset(
    {
        "account.merged",
        "account.parent_set",
        "account.restored",
        "contact.account_linked",
        "contact.account_unlinked",
        "contact.merged",
        "contact.related",
        "contact.restored",
        "deal.account_changed",
        "deal.contact_linked",
        "deal.contact_unlinked",
        "deal.opened",
        "lead.merged",
    }
)
Work = Callable[[], Awaitable[None]]


class Merging:
    """Follows merges, and all that refers to accounts and contacts: also what comes to refer to a merged one late."""

    name = NAME
    types = TYPES

    def __init__(self, *, acting: Acting, checkpoints: Checkpoints, links: Links) -> None:
        self.failures = Failures(NAME)
        self._acting = acting
        self._checkpoints = checkpoints
        self._links = links
        self._at = Position(0)
        self._merged: dict[MergedEntity, UUID] = {}

    async def resume(self) -> Position:
        """Where it left off."""
        self._at = await self._checkpoints.position(NAME)
        self._merged = dict(await self._links.merged())
        return self._at

    async def take(self, events: Sequence[StoredEvent], to: Position) -> None:
        """Remember what the events say, and move what a merge concerns.

        What an event sets off begins when all before it is stored, and the event itself counts as done afterwards.
        """
        changes, before = LinkChanges(), self._at
        for stored in events:
            if (recorded := self.failures.decoded(stored)) is not None:
                if work := self._work(recorded):
                    await self._advance(before, changes)
                    changes = LinkChanges()
                    await self._do(work, stored.position)
                note(changes, recorded)
                self._merged |= changes.merged
            before = stored.position
        await self._advance(to, changes)

    async def _advance(self, to: Position, changes: LinkChanges) -> None:
        if to > self._at:
            await self._checkpoints.advance(NAME, after=self._at, to=to, changes=changes)
            self._at = to

    async def _do(self, work: Work, position: Position) -> None:
        try:
            await attempted(work)
        except NotDone as error:
            self.failures.add(position, error)

    def _work(self, cause: Recorded[Event]) -> Work | None:
        """What an event sets off, if anything."""
        tenant, entity = cause.meta.tenant, cause.entity_id
        moving = Moving(self._acting, self._links, self.failures, cause)
        match cause.event:
            case LeadMerged(into_id=into):
                return partial(moving.absorb_lead, into)
            case ContactMerged(into_id=into):
                return partial(moving.contact, into)
            case AccountMerged():
                return moving.account
            case AccountRestored():
                return partial(moving.restored_account, self._merged)
            case ContactRestored():
                return partial(moving.restored_contact, self._merged)
            case DealOpened(account_id=UUID() as account) | DealAccountChanged(account_id=UUID() as account):
                return partial(moving.deal, entity, account) if self._is_merged(tenant, "account", account) else None
            case ContactAccountLinked(account_id=account) if self._is_merged(tenant, "account", account):
                return partial(moving.contact_account, entity, account)
            case AccountParentSet(parent_id=UUID() as parent) if self._is_merged(tenant, "account", parent):
                return partial(moving.subsidiary, entity, parent)
            case DealContactLinked(contact_id=contact) if self._is_merged(tenant, "contact", contact):
                return partial(moving.deal_contact, entity, contact)
            case ContactRelated(other_id=other) if self._is_merged(tenant, "contact", other):
                return partial(moving.contact_relations, entity, other)
            case _:
                return None

    def _is_merged(self, tenant: TenantId, kind: str, entity: UUID) -> bool:
        return MergedEntity(tenant, kind, entity) in self._merged
