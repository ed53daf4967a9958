"""The steps of one conversion: account, contact, deal; each made where it is new, linked where it exists."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec

from event_schemas.envelope import Recorded
from event_schemas.lead import ConversionStep, DealTarget, LeadConverted, Target
from event_schemas.registry import Event
from event_schemas.values import Money, Name
from write_side.application.process_managers.acting import Acting
from write_side.application.process_managers.failures import INTERNAL_ERROR, NotDone, attempted
from write_side.domain.account import OpenAccount
from write_side.domain.contact_commands import CreateContact, LinkContactAccount
from write_side.domain.deal import OpenDeal
from write_side.domain.deal_contents import ChangeDealAccount, LinkDealContact
from write_side.domain.email import EmailTaken
from write_side.domain.lead import Converted
from write_side.domain.references import Standing


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What a lead has become, so far."""

    account_id: UUID | None = None
    contact_id: UUID | None = None
    deal_id: UUID | None = None


class StepFailed(Exception):
    """A step could not be done; the steps before it are."""

    def __init__(self, step: ConversionStep, code: str, reason: str) -> None:
        super().__init__(f"{step}: {code}: {reason}")
        self.step, self.code, self.reason = step, code, reason


class Making:
    """One attempt at a conversion. What an earlier attempt made is found and only linked."""

    def __init__(self, acting: Acting, *, cause: Recorded[Event], lead: Converted) -> None:
        self._acting = acting
        self._cause = cause
        self._tenant = cause.meta.tenant
        self._conversion: LeadConverted = lead.conversion
        self._lead = lead.details

    async def run(self) -> Made:
        """All steps in order; raises StepFailed."""
        account = await self._step(ConversionStep.ACCOUNT, self._account)
        contact = await self._step(ConversionStep.CONTACT, lambda: self._contact(account))
        deal = await self._step(ConversionStep.DEAL, lambda: self._deal(account, contact))
        return Made(account_id=account, contact_id=contact, deal_id=deal)

    async def _step(self, step: ConversionStep, work: Callable[[], Awaitable[UUID | None]]) -> UUID | None:
        try:
            return await attempted(work)
        except NotDone as error:
            raise StepFailed(step, error.code, error.reason) from error

    async def _account(self) -> UUID | None:
        target = self._conversion.account
        if target is None or await self._exists("account", target):
            return await self._known("account", target)
        owner, name = self._lead.now.owner_id, self._name("account", self._lead.now.company)
        command = OpenAccount(id=target.id, name=name, owner_id=owner)
        await self._acting.send(command, self._cause, "account", occurred_at=self._cause.meta.occurred_at)
        return target.id

    async def _contact(self, account: UUID | None) -> UUID | None:
        target = self._conversion.contact
        if target is None or await self._exists("contact", target):
            contact = await self._known("contact", target)
        else:
            contact = await self._new_contact(target.id)
        if contact is not None and account is not None:
            state = await self._acting.state(self._tenant, "contact", contact)
            if account not in state.details.accounts:
                command = LinkContactAccount(id=contact, account_id=account)
                await self._acting.send(command, self._cause, "contact's account")
        return contact

    async def _new_contact(self, contact: UUID) -> UUID:
        """The contact, or the one that has its e-mail address already."""
        command, occurred_at = self._contact_of_lead(contact), self._cause.meta.occurred_at
        try:
            await self._acting.send_for_address(command, self._cause, "contact", occurred_at=occurred_at)
        except EmailTaken as taken:
            if taken.holder_id is None:
                raise
            return taken.holder_id
        return contact

    def _contact_of_lead(self, contact: UUID) -> CreateContact:
        person, now = self._lead.person, self._lead.now
        return CreateContact(
            id=contact,
            name=person.name,
            job_title=person.job_title,
            email=person.email,
            phone=person.phone,
            external_id=now.external_id,
            attributes=self._lead.attributes,
            owner_id=now.owner_id,
            lead_id=self._cause.entity_id,
        )

    async def _deal(self, account: UUID | None, contact: UUID | None) -> UUID | None:
        target = self._conversion.deal
        if target is None:
            return None
        if not await self._exists("deal", target):
            await self._open_deal(target, account)
        state = await self._acting.state(self._tenant, "deal", target.id)
        if account is not None and state.now.account_id is None:
            await self._acting.send(ChangeDealAccount(id=target.id, account_id=account), self._cause, "deal's account")
        if contact is not None and state.contents.find(contact) is None:
            await self._acting.send(LinkDealContact(id=target.id, contact_id=contact), self._cause, "deal's contact")
        return target.id

    async def _open_deal(self, target: DealTarget, account: UUID | None) -> None:
        if target.pipeline_id is None or target.amount is None:
            raise NotDone(INTERNAL_ERROR, "the conversion names a new deal without a pipeline or an amount")
        amount: Money = target.amount
        command = OpenDeal(
            id=target.id,
            name=self._name("deal", target.name),
            pipeline_id=target.pipeline_id,
            amount=amount,
            account_id=account,
            owner_id=self._lead.now.owner_id,
        )
        await self._acting.send(command, self._cause, "deal", occurred_at=self._cause.meta.occurred_at)

    async def _exists(self, kind: str, target: Target | DealTarget) -> bool:
        """What is not new exists, or its absence is the failure of whoever links to it."""
        if not target.new:
            return True
        state: Any = await self._acting.state(self._tenant, kind, target.id)
        return state.standing is not Standing.ABSENT

    async def _known(self, kind: str, target: Target | None) -> UUID | None:
        """The target, or the one that it was merged into since."""
        return None if target is None else await self._acting.survivor(self._tenant, kind, target.id)

    @staticmethod
    def _name(kind: str, name: Name | None) -> Name:
        if name is None:
            raise NotDone(INTERNAL_ERROR, f"the conversion names a new {kind} without a name for it")
        return name
