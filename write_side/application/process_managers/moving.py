"""The commands that move what referred to a merged account or contact to the one that goes on."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from write_side.application.process_managers.acting import Acting
from write_side.application.process_managers.failures import Failures, NotDone, attempted
from write_side.application.process_managers.links import MergedEntity, Relation
from write_side.application.process_managers.ports import Links
from write_side.domain import account_hierarchy
from write_side.domain.account_hierarchy import SetAccountParent
from write_side.domain.contact_commands import (
    AbsorbContact,
    LinkContactAccount,
    RelateContact,
    UnlinkContactAccount,
    UnrelateContact,
)
from write_side.domain.deal_contents import ChangeDealAccount, LinkDealContact, UnlinkDealContact
from write_side.domain.decider import Command
from write_side.domain.email import EmailReserved, EmailTaken
from write_side.domain.lead_commands import AbsorbLead
from write_side.domain.parents import Parents
from write_side.domain.references import Standing

CONCURRENT: Final = 16
"""Entities that move at once."""

Move = Callable[[], Awaitable[None]]


class Moving:
    """What one event sets off. Each entity moves by itself: one that cannot is a failure, and the others still move."""

    def __init__(self, acting: Acting, links: Links, failures: Failures, cause: Recorded[Event]) -> None:
        self._acting = acting
        self._links = links
        self._failures = failures
        self._cause = cause
        self._tenant = cause.meta.tenant

    async def absorb_lead(self, into: UUID) -> None:
        """The lead that goes on learns what only the merged one knew."""
        await self._acting.send(AbsorbLead(id=into, merged_id=self._cause.entity_id), self._cause, "absorb")

    async def contact(self, into: UUID) -> None:
        """The contact that goes on learns what only the merged one knew, and takes its place in deals."""
        merged = self._cause.entity_id
        await self._each([partial(self._absorb_contact, into, merged)])
        deals = await self._links.referring(self._tenant, Relation.DEAL_CONTACT, merged)
        contacts = await self._links.referring(self._tenant, Relation.CONTACT_CONTACT, merged)
        await self._each([partial(self.deal_contact, deal, merged) for deal in deals])
        await self._each([partial(self.contact_relations, contact, merged) for contact in contacts])

    async def account(self) -> None:
        """Deals, contacts and subsidiaries of the merged account move."""
        merged, tenant = self._cause.entity_id, self._tenant
        deals = await self._links.referring(tenant, Relation.DEAL_ACCOUNT, merged)
        contacts = await self._links.referring(tenant, Relation.CONTACT_ACCOUNT, merged)
        children = await self._links.referring(tenant, Relation.ACCOUNT_PARENT, merged)
        await self._each([partial(self.deal, deal, merged) for deal in deals])
        await self._each([partial(self.contact_account, contact, merged) for contact in contacts])
        await self._each([partial(self.subsidiary, child, merged) for child in children])

    async def restored_account(self, merged: Mapping[MergedEntity, UUID]) -> None:
        """An archived account stays below a merged one; it moves once it is worked on again."""
        account, tenant = self._cause.entity_id, self._tenant
        for parent in await self._links.targets(tenant, Relation.ACCOUNT_PARENT, account):
            if MergedEntity(tenant, "account", parent) in merged:
                await self._each([partial(self.subsidiary, account, parent)])

    async def restored_contact(self, merged: Mapping[MergedEntity, UUID]) -> None:
        """An archived contact moves no links; it does so once it is worked with again."""
        contact, tenant = self._cause.entity_id, self._tenant
        accounts = await self._links.targets(tenant, Relation.CONTACT_ACCOUNT, contact)
        others = await self._links.targets(tenant, Relation.CONTACT_CONTACT, contact)
        gone = {(one.kind, one.id) for one in merged if one.tenant == tenant}
        # one after the other: they are all of the same contact
        for account in accounts:
            if ("account", account) in gone:
                await self._each([partial(self.contact_account, contact, account)])
        for other in others:
            if ("contact", other) in gone:
                await self._each([partial(self.contact_relations, contact, other)])

    async def deal(self, deal: UUID, merged: UUID) -> None:
        """The deal is made with the account that goes on, if it still is with the merged one."""
        state = await self._state("deal", deal)
        if state.now.account_id == merged:
            account = await self._survivor("account", merged)
            await self._send(ChangeDealAccount(id=deal, account_id=account), merged)

    async def contact_account(self, contact: UUID, merged: UUID) -> None:
        """The contact works for the account that goes on, in the role that it had, unless it has one there."""
        state = await self._state("contact", contact)
        if state.standing is not Standing.ACTIVE or merged not in state.details.accounts:
            return
        account = await self._survivor("account", merged)
        if account not in state.details.accounts:
            role = state.details.accounts[merged]
            await self._send(LinkContactAccount(id=contact, account_id=account, role=role), merged)
        await self._send(UnlinkContactAccount(id=contact, account_id=merged), merged)

    async def deal_contact(self, deal: UUID, merged: UUID) -> None:
        """The contact that goes on takes part in the deal, in the role that the merged one had."""
        contents = (await self._state("deal", deal)).contents
        if (participant := contents.find(merged)) is None:
            return
        contact = await self._survivor("contact", merged)
        if contents.find(contact) is None:
            await self._send(LinkDealContact(id=deal, contact_id=contact, role=participant.role), merged)
        await self._send(UnlinkDealContact(id=deal, contact_id=merged), merged)

    async def contact_relations(self, contact: UUID, merged: UUID) -> None:
        """The contact stands to the one that goes on as it stood to the merged one; nobody stands to themself."""
        state = await self._state("contact", contact)
        if state.standing is not Standing.ACTIVE:
            return
        other = await self._survivor("contact", merged)
        for related, relation in sorted(state.details.relations):
            if related != merged:
                continue
            if other != contact and (other, relation) not in state.details.relations:
                command = RelateContact(id=contact, other_id=other, relation=relation)
                await self._send(command, merged, relation)
            await self._send(UnrelateContact(id=contact, other_id=merged, relation=relation), merged, relation)

    async def subsidiary(self, child: UUID, merged: UUID) -> None:
        """The subsidiary belongs to the account that goes on; an archived one stays where it was."""
        survivor = await self._survivor("account", merged)
        await self._lift(survivor, merged)
        is_active = (await self._state("account", child)).standing is Standing.ACTIVE
        if is_active and child != survivor and (await self._parents()).of(child) == merged:
            await self._send(SetAccountParent(id=child, parent_id=survivor), merged)

    async def _lift(self, survivor: UUID, merged: UUID) -> None:
        """An account that goes on for one above itself takes that one's place, so that nothing is above itself."""
        parents = await self._parents()
        if survivor == merged or merged not in parents.ancestors(survivor):
            return
        parent = parents.of(merged)
        if parent is not None and (await self._state("account", parent)).standing is not Standing.ACTIVE:
            parent = None
        await self._send(SetAccountParent(id=survivor, parent_id=parent), merged)

    async def _absorb_contact(self, into: UUID, merged: UUID) -> None:
        """With the merged one's e-mail address, unless a third contact has it by now."""
        try:
            await self._acting.send_for_address(AbsorbContact(id=into, merged_id=merged), self._cause, "absorb")
        except (EmailTaken, EmailReserved):
            command = AbsorbContact(id=into, merged_id=merged, with_email=False)
            await self._acting.send(command, self._cause, "absorb without e-mail")

    async def _each(self, moves: Sequence[Move]) -> None:
        """All of them, several at once; what is refused for good is a failure. Raises what is down."""
        room = asyncio.Semaphore(CONCURRENT)
        outcomes = await asyncio.gather(*(self._within(room, move) for move in moves), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _within(self, room: asyncio.Semaphore, move: Move) -> None:
        async with room:
            try:
                await attempted(move)
            except NotDone as error:
                self._failures.add(self._cause.position, error)

    async def _send(self, command: Command, merged: UUID, *more: str) -> None:
        await self._acting.send(command, self._cause, "/".join((type(command).__name__, str(merged), *more)))

    async def _survivor(self, kind: str, merged: UUID) -> UUID:
        return await self._acting.survivor(self._tenant, kind, merged)

    async def _state(self, kind: str, entity: UUID) -> Any:
        return await self._acting.state(self._tenant, kind, entity)

    async def _parents(self) -> Parents:
        hierarchy = await self._acting.state(self._tenant, account_hierarchy.CATEGORY, account_hierarchy.STREAM_ID)
        parents: Parents = hierarchy.parents
        return parents
