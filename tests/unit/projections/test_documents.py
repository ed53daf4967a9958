"""Folds: laws that hold for whatever happens to an entity."""

from collections.abc import Sequence
from random import Random
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_schemas.bookkeeping import CommandAccepted
from event_schemas.deal import DealAmountChanged
from event_schemas.envelope import StoredEvent
from event_schemas.pipeline import PipelineDefined, StageRenamed, StageRetired, StagesReordered
from event_schemas.registry import Event, all_types
from projections.documents.account import Account
from projections.documents.activity import Activity
from projections.documents.contact import Contact
from projections.documents.deal import Deal
from projections.documents.document import Unfoldable
from projections.documents.lead import Lead
from projections.documents.pipeline import Pipeline
from projections.documents.registry import KINDS, kind_of
from tests.support.events import Log, recorded, some_id
from tests.support.histories import ENGAGING, PIPELINE, PROSPECTING, STAGES, deal_opened, everything, usd
from tests.support.projecting import folded

histories = st.builds(
    lambda seed, count: everything(Random(seed), count), st.integers(min_value=0), st.integers(40, 120)
)


@given(histories)
def test_the_version_counts_what_is_not_bookkeeping(events: Sequence[StoredEvent]) -> None:
    """Each event is one version more and moves the position; bookkeeping leaves the very same document."""
    for stored, (before, after) in zip(events, folded(events), strict=True):
        assert after is not None
        if stored.type == "command.accepted":
            assert after is before
        else:
            assert after.version == (before.version if before else 0) + 1
            assert after.position == stored.position


@given(histories)
def test_a_document_is_the_same_after_being_stored_between_any_two_events(events: Sequence[StoredEvent]) -> None:
    """What is folded on from JSON is what is folded on from memory: every document round-trips."""
    for stored, (_, after) in zip(events, folded(events), strict=True):
        kind = kind_of(stored.stream)
        assert kind is not None
        assert msgspec.json.decode(msgspec.json.encode(after), type=kind.document) == after


@given(histories)
def test_stages_are_ranked_without_a_hole_and_retired_ones_come_last(events: Sequence[StoredEvent]) -> None:
    """Whatever is added, reordered and retired, ranks are 0 to n-1 in the order of the stages."""
    for _, after in folded(events):
        if isinstance(after, Pipeline):
            assert [stage.rank for stage in after.stages] == list(range(len(after.stages)))
            retired = [stage.retired for stage in after.stages]
            assert retired == sorted(retired)


@pytest.mark.parametrize("category", KINDS)
def test_an_event_of_another_kind_is_refused(category: str) -> None:
    """Nothing is taken for something else: an opened deal in a stream of any other kind does not fold."""
    kind = KINDS[category]
    stray: Event = deal_opened() if category != "deal" else PipelineDefined(name="S", currency="USD", stages=STAGES)
    with pytest.raises(Unfoldable):
        kind.fold(None, recorded(stray, category="deal"))


@pytest.mark.parametrize("category", KINDS)
def test_bookkeeping_alone_makes_no_document(category: str) -> None:
    """A stream that begins with an accepted command shows nothing yet."""
    assert KINDS[category].fold(None, recorded(CommandAccepted(target_id=some_id("x")))) is None


def test_an_event_before_the_first_is_refused() -> None:
    """The amount of a deal that was never opened cannot change."""
    with pytest.raises(Unfoldable, match=r"deal\.amount_changed cannot follow nothing of deal-demo~"):
        KINDS["deal"].fold(None, recorded(DealAmountChanged(amount=usd(1))))


def test_a_second_beginning_is_refused() -> None:
    """A deal is opened once."""
    opened = recorded(deal_opened())
    with pytest.raises(Unfoldable, match=r"deal\.opened cannot follow version 1"):
        KINDS["deal"].fold(KINDS["deal"].fold(None, opened), opened)


@pytest.mark.parametrize(
    "event",
    [
        StageRenamed(stage_id=some_id("no such stage"), name="x"),
        StageRetired(stage_id=some_id("no such stage")),
        StagesReordered(stage_ids=(PROSPECTING, ENGAGING)),
        StagesReordered(stage_ids=(PROSPECTING,) * 4),
    ],
)
def test_what_names_no_stage_of_the_pipeline_is_refused(event: Event) -> None:
    """A pipeline's stages are those that it was told of, and an order names each in use once."""
    log = Log()
    log.append("pipeline", PIPELINE, PipelineDefined(name="Sales", currency="USD", stages=STAGES), event)
    with pytest.raises(Unfoldable):
        folded(log.events)


def test_histories_hold_every_event_that_a_document_is_made_of() -> None:
    """The laws above were tried on all events there are, but those of streams that nothing shows."""
    tried = {stored.type for stored in everything(Random(1), 3_000)}
    assert {entry.name for entry in all_types() if not entry.name.startswith(("batch.", "email."))} == tried


@given(histories)
def test_histories_of_erased_persons_fold(events: Sequence[StoredEvent]) -> None:
    """Without any key: the same events, versions and positions; nothing is left of any person."""
    erased = [msgspec.structs.replace(stored, key=None) for stored in events]
    for (_, known), (_, after) in zip(folded(events), folded(erased), strict=True):
        assert known is not None
        assert after is not None
        assert (after.version, after.position) == (known.version, known.position)
        match after:
            case Lead() | Contact():
                person = (after.person_name, after.job_title, after.email, after.email_normal, after.phone)
                assert (*person, after.phone_e164, after.attributes) == (None,) * 6 + ((),)
            case Activity(person_id=UUID()):
                assert (after.name, after.subject, after.body) == ("", None, None)


def test_documents_that_were_stored_before_are_read_and_written_as_they_are() -> None:
    """A deal and an account of before they could have contacts, items or be merged: the very bytes come back."""
    deal = (
        b'{"version":1,"position":7,"id":"b5d5f0a8-6b1c-5f0e-9d57-6f2b7a1c0d11","name":"Crane 7",'
        b'"pipeline_id":"b5d5f0a8-6b1c-5f0e-9d57-6f2b7a1c0d12","stage_id":"b5d5f0a8-6b1c-5f0e-9d57-6f2b7a1c0d13",'
        b'"status":"open","amount_minor":550000,"currency":"USD","account_id":null,"owner_id":null,"product_id":null,'
        b'"expected_close":"2017-09-30","opened_at":"2017-06-30T12:00:00Z","closed_at":null,'
        b'"stage_entered_at":"2017-06-30T12:00:00Z","loss_reason":null,"loss_detail":null,"stays":1}'
    )
    account = (
        b'{"version":2,"position":8,"id":"b5d5f0a8-6b1c-5f0e-9d57-6f2b7a1c0d14","name":"Acme","sector":null,'
        b'"year_established":1996,"revenue_minor":null,"revenue_currency":null,"employees":null,"location":"Kenya",'
        b'"territory":null,"owner_id":null,"archived":false,"opened_at":"2017-06-30T12:00:00Z"}'
    )
    for stored, cls in ((deal, Deal), (account, Account)):
        assert msgspec.json.encode(msgspec.json.decode(stored, type=cls)) == stored
    read = msgspec.json.decode(deal, type=Deal)
    assert (read.contacts, read.line_items) == ((), ())
    assert msgspec.json.decode(account, type=Account).merged_into_id is None
