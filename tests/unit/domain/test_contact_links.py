"""What a contact has to do with accounts and other contacts, and merging contacts."""

from typing import Any

import pytest

from event_schemas.account import AccountArchived
from event_schemas.contact import (
    Channel,
    ContactAbsorbed,
    ContactAccountLinked,
    ContactAccountUnlinked,
    ContactArchived,
    ContactConsentGiven,
    ContactConsentWithdrawn,
    ContactMerged,
    ContactRelated,
    ContactUnrelated,
    Relation,
)
from event_schemas.people import Attribute, PersonChange
from tests.support.events import some_id
from tests.support.examples import ACCOUNT, ACCOUNT_OPENED
from tests.support.people import BOB_CREATED, CONTACT, CONTACT_CREATED, OTHER_CONTACT
from tests.support.scenario import Given, given
from write_side.domain import account, contact
from write_side.domain.contact import ContactMergedIntoItself, ContactNotMergedHere, ContactRelatedToItself
from write_side.domain.contact_commands import (
    AbsorbContact,
    ArchiveContact,
    LinkContactAccount,
    MergeContact,
    RelateContact,
    RestoreContact,
    UnlinkContactAccount,
    UnrelateContact,
)
from write_side.domain.decider import Ref
from write_side.domain.references import (
    AccountIsArchived,
    AccountNotFound,
    ContactIsArchived,
    ContactIsMerged,
    ContactNotFound,
)

LINKED = ContactAccountLinked(account_id=ACCOUNT, role="CEO")
RELATED = ContactRelated(other_id=OTHER_CONTACT, relation=Relation.REPORTS_TO)
LINK = LinkContactAccount(id=CONTACT, account_id=ACCOUNT, role="CEO")
UNLINK = UnlinkContactAccount(id=CONTACT, account_id=ACCOUNT)
RELATE = RelateContact(id=CONTACT, other_id=OTHER_CONTACT, relation=Relation.REPORTS_TO)
UNRELATE = UnrelateContact(id=CONTACT, other_id=OTHER_CONTACT, relation=Relation.REPORTS_TO)
MERGE, ABSORB = MergeContact(id=CONTACT, into_id=OTHER_CONTACT), AbsorbContact(id=CONTACT, merged_id=OTHER_CONTACT)
HERE = ContactMerged(into_id=CONTACT)
THIRD = some_id("third")


def tenant(*events: Any, other: tuple[Any, ...] = (BOB_CREATED,)) -> Given:
    """A contact's history in a tenant with an account and another contact."""
    return (
        given(contact.DECIDER, *events)
        .beside(account.DECIDER, ACCOUNT, ACCOUNT_OPENED)
        .beside(contact.DECIDER, OTHER_CONTACT, *other)
    )


def test_a_contact_is_linked_to_an_account() -> None:
    """With a role or none; another role is another link, and the same again is none."""
    tenant(CONTACT_CREATED).when(LINK).then(LINKED)
    tenant(CONTACT_CREATED, LINKED).when(LINK).then()
    roleless = ContactAccountLinked(account_id=ACCOUNT, role=None)
    tenant(CONTACT_CREATED, LINKED).when(LinkContactAccount(id=CONTACT, account_id=ACCOUNT)).then(roleless)
    tenant(CONTACT_CREATED).when(LinkContactAccount(id=CONTACT, account_id=ACCOUNT)).then(roleless)


def test_a_link_ends() -> None:
    """Where there is one, also to an account that is archived by now."""
    tenant(CONTACT_CREATED).when(UNLINK).then()
    archived = tenant(CONTACT_CREATED, LINKED).beside(account.DECIDER, ACCOUNT, ACCOUNT_OPENED, AccountArchived())
    archived.when(UNLINK).then(ContactAccountUnlinked(account_id=ACCOUNT))
    archived.when(LinkContactAccount(id=CONTACT, account_id=ACCOUNT)).rejected(AccountIsArchived, "accountId")


def test_an_account_that_is_linked_must_exist() -> None:
    """In this tenant."""
    nowhere = LinkContactAccount(id=CONTACT, account_id=some_id("nowhere"))
    tenant(CONTACT_CREATED).when(nowhere).rejected(AccountNotFound, "accountId")


def test_contacts_are_related() -> None:
    """Each relation once; two of different kinds stand beside each other."""
    tenant(CONTACT_CREATED).when(RELATE).then(RELATED)
    tenant(CONTACT_CREATED, RELATED).when(RELATE).then()
    knows = RelateContact(id=CONTACT, other_id=OTHER_CONTACT, relation=Relation.KNOWS)
    known = ContactRelated(other_id=OTHER_CONTACT, relation=Relation.KNOWS)
    tenant(CONTACT_CREATED, RELATED).when(knows).then(known)
    unrelated = ContactUnrelated(other_id=OTHER_CONTACT, relation=Relation.REPORTS_TO)
    tenant(CONTACT_CREATED, RELATED, known).when(UNRELATE).then(unrelated)
    tenant(CONTACT_CREATED, known).when(UNRELATE).then()


def test_the_other_one_must_be_another_and_exist() -> None:
    """And be worked with."""
    itself = RelateContact(id=CONTACT, other_id=CONTACT, relation=Relation.KNOWS)
    tenant(CONTACT_CREATED).when(itself).rejected(ContactRelatedToItself, "otherId")
    tenant(CONTACT_CREATED, other=()).when(RELATE).rejected(ContactNotFound, "otherId")
    tenant(CONTACT_CREATED, other=(BOB_CREATED, ContactArchived())).when(RELATE).rejected(ContactIsArchived, "otherId")


def test_a_contact_is_merged_into_another() -> None:
    """Once; and the decision holds only while the other one stays as it was read."""
    tenant(CONTACT_CREATED).when(MERGE).then(ContactMerged(into_id=OTHER_CONTACT))
    assert contact.DECIDER.relies_on(MERGE) == (Ref("contact", OTHER_CONTACT),)
    assert contact.DECIDER.relies_on(ABSORB) == ()


def test_a_contact_is_not_merged_into_itself() -> None:
    """There are two of them."""
    itself = MergeContact(id=CONTACT, into_id=CONTACT)
    tenant(CONTACT_CREATED).when(itself).rejected(ContactMergedIntoItself, "intoId")


@pytest.mark.parametrize(
    ("other", "rejection"),
    [
        ((), ContactNotFound),
        ((BOB_CREATED, HERE), ContactIsMerged),
        ((BOB_CREATED, ContactMerged(into_id=THIRD)), ContactIsMerged),
        ((BOB_CREATED, ContactArchived()), ContactIsArchived),
    ],
    ids=["absent", "in a circle", "merged", "archived"],
)
def test_the_survivor_must_go_on(other: tuple[Any, ...], rejection: Any) -> None:
    """What accepts nothing more takes nothing over, and so there is no circle."""
    tenant(CONTACT_CREATED, other=other).when(MERGE).rejected(rejection, "intoId")


@pytest.mark.parametrize(
    "command",
    [MergeContact(id=CONTACT, into_id=THIRD), LINK, RELATE, ArchiveContact(id=CONTACT), RestoreContact(id=CONTACT)],
    ids=lambda one: type(one).__name__,
)
def test_a_merged_contact_accepts_nothing_more(command: Any) -> None:
    """The message names the one that goes on."""
    message = tenant(CONTACT_CREATED, ContactMerged(into_id=OTHER_CONTACT)).when(command).rejected(ContactIsMerged)
    assert message == f"the contact was merged into {OTHER_CONTACT}: work with that one"


def test_the_survivor_takes_over_what_it_lacks() -> None:
    """Details, attributes, and links to others, but none to itself; what it has of its own stays."""
    to_survivor = ContactRelated(other_id=CONTACT, relation=Relation.KNOWS)
    to_third = ContactRelated(other_id=THIRD, relation=Relation.KNOWS)
    other = (CONTACT_CREATED, LINKED, to_survivor, to_third, HERE)
    person = PersonChange(
        job_title="Engineer", email="Ada@example.org", phone="+1 (415) 555-0123", phone_e164="+14155550123"
    )
    absorbed = ContactAbsorbed(merged_id=OTHER_CONTACT, person=person, attributes=(Attribute("size", "L"),))
    tenant(BOB_CREATED, other=other).when(ABSORB).then(absorbed, LINKED, to_third)
    own_role = ContactAccountLinked(account_id=ACCOUNT, role="CFO")
    own = (BOB_CREATED, own_role, to_third)
    tenant(*own, other=other).when(ABSORB).then(absorbed)


def test_an_address_that_is_somebody_elses_by_now_is_left_out() -> None:
    """Everything else is taken over."""
    without = AbsorbContact(id=CONTACT, merged_id=OTHER_CONTACT, with_email=False)
    person = PersonChange(job_title="Engineer", phone="+1 (415) 555-0123", phone_e164="+14155550123")
    absorbed = ContactAbsorbed(merged_id=OTHER_CONTACT, person=person, attributes=(Attribute("size", "L"),))
    tenant(BOB_CREATED, other=(CONTACT_CREATED, HERE)).when(without).then(absorbed)


def test_a_consent_that_either_withdrew_is_withdrawn() -> None:
    """One that only the merged contact gave is taken over; what the survivor withdrew stays withdrawn."""

    def gave(purpose: str) -> ContactConsentGiven:
        return ContactConsentGiven(channel=Channel.EMAIL, purpose=purpose, evidence="form")

    def withdrew(purpose: str) -> ContactConsentWithdrawn:
        return ContactConsentWithdrawn(channel=Channel.EMAIL, purpose=purpose)

    own = (CONTACT_CREATED, gave("a"), withdrew("b"), gave("e"), withdrew("f"))
    other = (BOB_CREATED, withdrew("a"), gave("b"), gave("c"), withdrew("d"), gave("e"), withdrew("f"), HERE)
    absorbed = ContactAbsorbed(merged_id=OTHER_CONTACT)
    tenant(*own, other=other).when(ABSORB).then(absorbed, withdrew("a"), gave("c"), withdrew("d"))


def test_a_contact_takes_over_once_and_only_what_was_merged_into_it() -> None:
    """Not from a contact that stands for itself, is absent, or went elsewhere."""
    absorbed = ContactAbsorbed(merged_id=OTHER_CONTACT)
    tenant(BOB_CREATED, absorbed, other=(CONTACT_CREATED, HERE)).when(ABSORB).then()
    for other in ((), (BOB_CREATED,), (BOB_CREATED, ContactMerged(into_id=THIRD))):
        tenant(CONTACT_CREATED, other=other).when(ABSORB).rejected(ContactNotMergedHere, "mergedId")


@pytest.mark.parametrize("closed", [ContactArchived(), ContactMerged(into_id=THIRD)], ids=["archived", "merged"])
def test_a_survivor_that_was_closed_in_between_takes_over_too(closed: Any) -> None:
    """What was known of the merged one is not lost."""
    absorbed = ContactAbsorbed(merged_id=OTHER_CONTACT)
    tenant(CONTACT_CREATED, closed, other=(BOB_CREATED, HERE)).when(ABSORB).then(absorbed)
