"""The list of leads: exactly these rows for these events."""

from datetime import timedelta
from typing import Any

import pytest

from event_schemas.lead import (
    ConversionStep,
    DealTarget,
    DisqualificationReason,
    LeadAbsorbed,
    LeadArchived,
    LeadCaptured,
    LeadConversionCompleted,
    LeadConversionFailed,
    LeadConverted,
    LeadDetailsChanged,
    LeadDisqualified,
    LeadMerged,
    LeadNoted,
    LeadOwnerAssigned,
    LeadQualified,
    LeadReopened,
    LeadRestored,
    LeadScored,
    Target,
)
from event_schemas.people import Attribute, Person, PersonChange
from event_schemas.registry import Event
from projections.changes import Put, Row
from projections.views import lead_list
from tests.support.customers import lead_captured
from tests.support.events import DEMO, NOON, Log, some_id
from tests.support.projecting import changes_of

LEAD = some_id("lead")
ACCOUNT, CONTACT, DEAL = some_id("account"), some_id("contact"), some_id("deal")
CONVERTED = LeadConverted(
    account=Target(ACCOUNT, new=False),
    contact=Target(CONTACT, new=True),
    deal=DealTarget(id=DEAL, new=True, name="Ships", pipeline_id=some_id("pipeline"), amount=None),
)
CAPTURED_ROW: Row = {
    "tenant": DEMO,
    "id": LEAD,
    "name": "Grace Hopper",
    "person_name": "Grace Hopper",
    "job_title": "Admiral",
    "email": "Grace@Navy.example",
    "email_normal": "grace@navy.example",
    "phone": "+1 415 555 0123",
    "phone_e164": "+14155550123",
    "company": "Navy",
    "source": "Referral",
    "campaign": "Summer",
    "external_id": "L-7",
    "attributes": '[{"name":"rank","value":"admiral"}]',
    "owner_id": some_id("user 1"),
    "status": "new",
    "score": None,
    "score_model": None,
    "score_reasons": "[]",
    "disqualification_reason": None,
    "disqualification_detail": None,
    "conversion": None,
    "conversion_step": None,
    "conversion_code": None,
    "conversion_reason": None,
    "account_id": None,
    "contact_id": None,
    "deal_id": None,
    "merged_into_id": None,
    "archived": False,
    "captured_at": NOON,
    "qualified_at": None,
    "converted_at": None,
    "version": 1,
    "position": 1,
}


def shown(*events: Event) -> list[Row]:
    """The lead's row after each event; an event a minute."""
    log = Log()
    for event in events:
        log.append("lead", LEAD, event)
    rows = []
    for (change,) in changes_of(lead_list, log.events):
        assert isinstance(change, Put)
        assert (change.table, change.key) == ("lead_list", (DEMO, LEAD))
        rows.append(change.row)
    return rows


def after(*events: Event) -> Row:
    """What the events change of a captured lead's row."""
    rows = shown(lead_captured(), *events)
    last = rows[-1]
    assert (last["version"], last["position"]) == (len(rows), len(rows))
    different: Row = {name: value for name, value in last.items() if value != CAPTURED_ROW[name]}
    return {name: value for name, value in different.items() if name not in ("version", "position")}


def test_a_captured_lead_is_a_whole_row() -> None:
    """With every column of the table; an attribute without a value is none."""
    assert shown(lead_captured()) == [CAPTURED_ROW]


@pytest.mark.parametrize(
    ("person", "company", "external_id", "name"),
    [
        (Person(name="Ada", email="a@x.example"), "Navy", "L-7", "Ada"),
        (Person(email="a@x.example", phone="1"), "Navy", "L-7", "Navy"),
        (Person(email="a@x.example", phone="1"), None, "L-7", "a@x.example"),
        (Person(phone="1"), None, "L-7", "1"),
        (None, None, "L-7", "L-7"),
        (None, None, None, ""),
    ],
)
def test_a_lead_is_called_by_the_first_that_is_known(
    person: Person | None, company: str | None, external_id: str | None, name: str
) -> None:
    """Person, company, e-mail, phone, external id; a lead of whom all was erased has no name."""
    captured = LeadCaptured(
        person=person,
        company=company,
        source=None,
        campaign=None,
        external_id=external_id,
        attributes=None,
        owner_id=None,
    )
    (row,) = shown(captured)
    assert row["name"] == name


def test_only_what_an_event_names_changes() -> None:
    """A person's name renames the lead; without one it is called by its company."""
    assert after(LeadDetailsChanged(person=PersonChange(name="Ada"))) == {"name": "Ada", "person_name": "Ada"}
    unnamed = PersonChange(name=None, email="ADA@x.example")
    assert after(LeadDetailsChanged(person=unnamed, company="IBM", source=None)) == {
        "name": "IBM",
        "person_name": None,
        "email": "ADA@x.example",
        "email_normal": "ada@x.example",
        "company": "IBM",
        "source": None,
    }


def test_attributes_are_set_one_by_one_and_null_takes_one_away() -> None:
    """In the order in which they were first named."""
    change = LeadDetailsChanged(attributes=(Attribute("a", "1"), Attribute("rank", None)))
    again = LeadDetailsChanged(attributes=(Attribute("b", "2"), Attribute("a", "3")))
    assert after(change, again) == {"attributes": '[{"name":"a","value":"3"},{"name":"b","value":"2"}]'}


def test_what_was_erased_says_nothing() -> None:
    """A person or attributes that come as null leave what is known, and a later change still counts."""
    erased = LeadDetailsChanged(person=None, attributes=None)
    assert after(erased, LeadNoted(text=None), LeadAbsorbed(merged_id=ACCOUNT, person=None)) == {}
    assert after(erased, LeadDetailsChanged(company="IBM")) == {"company": "IBM"}


def test_a_score_is_shown_with_its_model_and_reasons() -> None:
    """The last one."""
    one, two = LeadScored(score=1, model="m1", reasons=()), LeadScored(score=90, model="m2", reasons=("“big”", "old"))
    assert after(one, two) == {"score": 90, "score_model": "m2", "score_reasons": '["“big”","old"]'}


def test_who_follows_it() -> None:
    """A user, or nobody."""
    assert after(LeadOwnerAssigned(owner_id=None)) == {"owner_id": None}


def test_how_a_lead_stands() -> None:
    """Reopening takes back that it was qualified, or disqualified and why."""
    qualified: Row = {"status": "qualified", "qualified_at": NOON + timedelta(minutes=1)}
    assert after(LeadQualified()) == qualified
    refused = LeadDisqualified(reason=DisqualificationReason.NO_FIT, detail="too small")
    disqualified: Row = {
        "status": "disqualified",
        "disqualification_reason": "no_fit",
        "disqualification_detail": "too small",
    }
    assert after(refused) == disqualified
    assert after(LeadQualified(), LeadReopened()) == {}
    assert after(refused, LeadReopened()) == {}


def test_archived_and_restored() -> None:
    """As it was before."""
    assert after(LeadQualified(), LeadArchived())["archived"] is True
    assert after(LeadArchived(), LeadRestored()) == {}


def test_a_merged_lead_says_into_which() -> None:
    """And the survivor takes over what only the other one knew."""
    assert after(LeadMerged(into_id=DEAL)) == {"status": "merged", "merged_into_id": DEAL}
    absorbed = LeadAbsorbed(
        merged_id=DEAL,
        person=PersonChange(phone="0800 1", phone_e164=None),
        company="IBM",
        attributes=(Attribute("a", "1"),),
    )
    assert after(absorbed) == {
        "phone": "0800 1",
        "phone_e164": None,
        "company": "IBM",
        "attributes": '[{"name":"rank","value":"admiral"},{"name":"a","value":"1"}]',
    }


IDS: Row = {"account_id": ACCOUNT, "contact_id": CONTACT, "deal_id": DEAL}
STANDING: Row = {"status": "converted", "converted_at": NOON + timedelta(minutes=1)}


def test_a_converted_lead_waits_for_what_it_becomes() -> None:
    """Its targets are known at once; when all is there, the event that says so names them for good."""
    assert after(CONVERTED) == STANDING | IDS | {"conversion": "pending"}
    other = some_id("another contact")
    completed = LeadConversionCompleted(account_id=ACCOUNT, contact_id=other, deal_id=DEAL)
    assert after(CONVERTED, completed) == STANDING | IDS | {"conversion": "completed", "contact_id": other}


def test_a_lead_that_becomes_nothing_new_waits_for_nothing() -> None:
    """No account, no contact, no deal."""
    nothing = LeadConverted(account=None, contact=None, deal=None)
    assert after(nothing) == STANDING | {"conversion": "completed"}


@pytest.mark.parametrize(
    ("step", "there"),
    [
        (ConversionStep.ACCOUNT, ()),
        (ConversionStep.CONTACT, ("account_id",)),
        (ConversionStep.DEAL, ("account_id", "contact_id")),
    ],
)
def test_a_failed_conversion_says_where_and_why(step: ConversionStep, there: tuple[str, ...]) -> None:
    """What the steps before it made is there, the rest is not; a later completion takes the failure back."""
    failed = LeadConversionFailed(step=step, code="EmailTaken", reason="it is Ada's")
    why: Row = {"conversion_step": step, "conversion_code": "EmailTaken", "conversion_reason": "it is Ada's"}
    done: Row = {name: IDS[name] for name in there}
    assert after(CONVERTED, failed) == STANDING | done | why | {"conversion": "failed"}
    ids: dict[str, Any] = dict(IDS)
    assert after(CONVERTED, failed, LeadConversionCompleted(**ids)) == STANDING | IDS | {"conversion": "completed"}
