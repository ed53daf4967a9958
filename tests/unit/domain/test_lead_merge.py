"""Merging leads."""

from typing import Any

import msgspec
import pytest

from event_schemas.lead import (
    LeadAbsorbed,
    LeadArchived,
    LeadConverted,
    LeadDetailsChanged,
    LeadMerged,
    LeadQualified,
    LeadRestored,
)
from event_schemas.people import Attribute, PersonChange
from tests.support.events import some_id
from tests.support.people import BOB_CAPTURED, LEAD, LEAD_CAPTURED, OTHER_LEAD
from tests.support.scenario import Given, given
from write_side.domain import lead
from write_side.domain.decider import Ref
from write_side.domain.lead import LeadMergedIntoItself, LeadNotMergedHere
from write_side.domain.lead_commands import (
    AbsorbLead,
    AddLeadNote,
    ArchiveLead,
    CaptureLead,
    ConvertLead,
    MergeLead,
    QualifyLead,
    RestoreLead,
)
from write_side.domain.references import LeadAlreadyConverted, LeadIsArchived, LeadIsMerged, LeadNotFound

MERGE, ABSORB = MergeLead(id=LEAD, into_id=OTHER_LEAD), AbsorbLead(id=LEAD, merged_id=OTHER_LEAD)
MERGED, HERE = LeadMerged(into_id=OTHER_LEAD), LeadMerged(into_id=LEAD)
CONVERTED = LeadConverted(account=None, contact=None, deal=None)


def tenant(*events: Any, other: tuple[Any, ...] = (BOB_CAPTURED,)) -> Given:
    """A lead's history in a tenant with another one."""
    return given(lead.DECIDER, *events).beside(lead.DECIDER, OTHER_LEAD, *other)


def test_a_lead_is_merged_into_another() -> None:
    """Once; and the decision holds only while the other one stays as it was read."""
    tenant(LEAD_CAPTURED).when(MERGE).then(MERGED)
    assert lead.DECIDER.relies_on(MERGE) == (Ref("lead", OTHER_LEAD),)
    assert lead.DECIDER.relies_on(ABSORB) == ()


def test_a_lead_is_not_merged_into_itself() -> None:
    """There are two of them."""
    tenant(LEAD_CAPTURED).when(MergeLead(id=LEAD, into_id=LEAD)).rejected(LeadMergedIntoItself, "intoId")


@pytest.mark.parametrize(
    ("other", "rejection"),
    [
        ((), LeadNotFound),
        ((BOB_CAPTURED, HERE), LeadIsMerged),
        ((BOB_CAPTURED, LeadMerged(into_id=some_id("third"))), LeadIsMerged),
        ((BOB_CAPTURED, LeadArchived()), LeadIsArchived),
        ((BOB_CAPTURED, LeadQualified(), CONVERTED), LeadAlreadyConverted),
    ],
    ids=["absent", "in a circle", "merged", "archived", "converted"],
)
def test_the_other_one_must_go_on(other: tuple[Any, ...], rejection: Any) -> None:
    """What accepts nothing more takes nothing over, and so there is no circle."""
    tenant(LEAD_CAPTURED, other=other).when(MERGE).rejected(rejection, "intoId")


@pytest.mark.parametrize(
    "command",
    [
        MergeLead(id=LEAD, into_id=some_id("third")),
        QualifyLead(id=LEAD),
        AddLeadNote(id=LEAD, text="x"),
        ConvertLead(id=LEAD),
        ArchiveLead(id=LEAD),
        RestoreLead(id=LEAD),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_merged_lead_accepts_nothing_more(command: Any) -> None:
    """The message names the one that goes on."""
    message = tenant(LEAD_CAPTURED, MERGED).when(command).rejected(LeadIsMerged)
    assert message == f"the lead was merged into {OTHER_LEAD}: work with that one"


def test_a_repeat_decides_nothing() -> None:
    """The same capture again, of a lead that was merged."""
    tenant(BOB_CAPTURED, MERGED).when(CaptureLead(id=LEAD, name="Bob")).then()


def test_the_survivor_takes_over_what_it_lacks() -> None:
    """And nothing else; a number comes with its form."""
    other = (LEAD_CAPTURED, HERE)
    person = PersonChange(
        job_title="Engineer", email="Ada@example.org", phone="+1 (415) 555-0123", phone_e164="+14155550123"
    )
    all_of_it = LeadAbsorbed(merged_id=OTHER_LEAD, person=person, company="Acme", attributes=(Attribute("size", "L"),))
    tenant(BOB_CAPTURED, other=other).when(ABSORB).then(all_of_it)
    known = LeadDetailsChanged(company="Beta", attributes=(Attribute("size", "S"),), person=PersonChange(phone="1"))
    some = LeadAbsorbed(merged_id=OTHER_LEAD, person=PersonChange(job_title="Engineer", email="Ada@example.org"))
    tenant(BOB_CAPTURED, known, other=other).when(ABSORB).then(some)


def test_a_survivor_that_lacks_nothing_remembers_it_all_the_same() -> None:
    """So that it is done once, whatever is emptied later."""
    other = (BOB_CAPTURED, HERE)
    absorbed = LeadAbsorbed(merged_id=OTHER_LEAD)
    tenant(LEAD_CAPTURED, other=other).when(ABSORB).then(absorbed)
    emptied = LeadDetailsChanged(person=PersonChange(name=None))
    tenant(LEAD_CAPTURED, absorbed, emptied, other=other).when(ABSORB).then()


def test_a_lead_takes_over_only_from_what_was_merged_into_it() -> None:
    """Not from a lead that stands for itself, is absent, or went elsewhere."""
    for other in ((), (BOB_CAPTURED,), (BOB_CAPTURED, LeadMerged(into_id=some_id("third")))):
        tenant(LEAD_CAPTURED, other=other).when(ABSORB).rejected(LeadNotMergedHere, "mergedId")
    tenant(other=(BOB_CAPTURED, HERE)).when(ABSORB).rejected(LeadNotFound)


@pytest.mark.parametrize(
    "closed",
    [(LeadArchived(),), (LeadQualified(), CONVERTED), (LeadMerged(into_id=some_id("third")),)],
    ids=["archived", "converted", "merged"],
)
def test_a_survivor_that_was_closed_in_between_takes_over_too(closed: tuple[Any, ...]) -> None:
    """What was known of the merged one is not lost; whoever it was merged into next gets all of it."""
    absorbed = LeadAbsorbed(merged_id=OTHER_LEAD, person=PersonChange(name="Bob"))
    nameless = msgspec.structs.replace(LEAD_CAPTURED, person=None)
    tenant(nameless, *closed, other=(BOB_CAPTURED, HERE)).when(ABSORB).then(absorbed)


def test_what_an_archived_survivor_took_over_is_there_when_it_is_restored() -> None:
    """Also when it took over while it was archived."""
    absorbed = LeadAbsorbed(merged_id=OTHER_LEAD, company="Acme")
    restored = tenant(BOB_CAPTURED, LeadArchived(), absorbed, LeadRestored(), other=(LEAD_CAPTURED, HERE))
    restored.when(ABSORB).then()
