"""The views of all kinds: states, timeline and cards; exactly these changes for these events."""

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from event_schemas.account import AccountParentSet
from event_schemas.activity import Related, RelatedKind
from event_schemas.bookkeeping import CommandAccepted
from event_schemas.contact import ContactAccountLinked, ContactAccountUnlinked, ContactRelated, Relation
from event_schemas.deal import DealContactLinked, DealWon
from event_schemas.lead import LeadScored
from event_schemas.organisation import TeamCreated, UserCreated
from event_schemas.pipeline import PipelineDefined
from event_schemas.product import ProductListed
from event_schemas.registry import Event
from projections.changes import FOREVER, LAST_POSITION, Patch, Put, Row, VersionedPut
from projections.documents.deal import Deal
from projections.documents.document import Document
from projections.documents.saved_view import SavedView
from projections.views import entity_card, entity_states, entity_timeline
from tests.support.customers import call_logged, contact_created, lead_captured, view_saved
from tests.support.events import DEMO, NOON, Log, some_id
from tests.support.histories import STAGES, WON, account_opened, deal_opened, usd
from tests.support.projecting import changes_of, folded

DEAL = some_id("deal")


def won_deal() -> Log:
    """A deal opened at noon, and won a minute later."""
    log = Log()
    log.append("deal", DEAL, deal_opened())
    log.append("deal", DEAL, DealWon(stage_id=WON, amount=usd(9)))
    return log


def test_entity_states_ends_a_state_on_both_clocks_when_the_next_begins() -> None:
    """The first state is open; the second closes it where and when it begins itself, with its sort columns beside."""
    log = won_deal()
    later = NOON + timedelta(minutes=1)

    def state(version: int, at: datetime, amount: int) -> Put:
        document = folded(log.events)[version - 1][1]
        row: Row = {
            "tenant": DEMO,
            "kind": "deal",
            "id": DEAL,
            "version": version,
            "position_from": version,
            "position_to": LAST_POSITION,
            "recorded_at": at,
            "occurred_from": at,
            "occurred_to": FOREVER,
            "doc": msgspec.json.encode(document).decode(),
            "sort_name": "Crane 7",
            "sort_amount": amount,
            "sort_at": NOON,
            "sort_date": date(2017, 9, 30),
        }
        return Put("entity_states", (DEMO, "deal", DEAL, version), row)

    ended = Patch("entity_states", (DEMO, "deal", DEAL, 1), {"position_to": 2, "occurred_to": later})
    assert changes_of(entity_states, log.events) == [(state(1, NOON, 5_500_00),), (ended, state(2, later, 9))]


def test_a_state_holds_the_whole_document() -> None:
    """What as-of reads is what the list shows: the document comes back from its JSON as it was."""
    log = won_deal()
    (first,) = changes_of(entity_states, log.events)[0]
    assert isinstance(first, Put)
    assert msgspec.json.decode(str(first.row["doc"]), type=Deal) == folded(log.events)[0][1]


@pytest.mark.parametrize(
    ("category", "event", "kind", "sorts"),
    [
        ("account", account_opened(), "account", ("Acme", 1_100_04)),
        ("account_hierarchy", AccountParentSet(account_id=DEAL, parent_id=None), "account_parent", (None, None)),
        ("pipeline", PipelineDefined(name="Sales", currency="USD", stages=STAGES), "pipeline", ("Sales", None)),
        ("product", ProductListed(name="GTX", series=None, price=usd(7)), "product", ("GTX", 7)),
        ("team", TeamCreated(name="North", region=None, manager_id=None), "team", ("North", None)),
        ("user", UserCreated(name="Bo", region=None, manager_id=None), "user", ("Bo", None)),
        ("lead", lead_captured(), "lead", ("Grace Hopper", None)),
        ("contact", contact_created(), "contact", ("Grace Hopper", None)),
        ("activity", call_logged(), "activity", ("Called", None)),
        ("saved_view", view_saved(), "saved_view", ("Hot leads", None)),
    ],
)
def test_every_kind_has_states(category: str, event: Event, kind: str, sorts: tuple[object, object]) -> None:
    """Each kind is kept under its own name, with what its list is sorted by."""
    log = Log()
    log.append(category, "accounts" if category == "account_hierarchy" else DEAL, event)
    (state,) = changes_of(entity_states, log.events)[0]
    assert isinstance(state, Put)
    assert state.key == (DEMO, kind, DEAL, 1)
    assert (state.row["sort_name"], state.row["sort_amount"], state.row["sort_at"]) == (*sorts, NOON)


def test_a_lead_is_sorted_by_its_score() -> None:
    """As a deal by its amount."""
    log = Log()
    log.append("lead", DEAL, lead_captured(), LeadScored(score=70, model="m", reasons=()))
    state = changes_of(entity_states, log.events)[1][1]
    assert isinstance(state, Put)
    assert state.row["sort_amount"] == 70


def test_every_state_names_what_it_points_at() -> None:
    """A contact's accounts and relations, each once, in every version that has them."""
    acme, bo = some_id("acme"), some_id("bo")
    log = Log()
    log.append(
        "contact",
        DEAL,
        contact_created(),
        ContactAccountLinked(account_id=acme, role=None),
        ContactRelated(other_id=bo, relation=Relation.KNOWS),
        ContactRelated(other_id=bo, relation=Relation.REPORTS_TO),
        ContactAccountUnlinked(account_id=acme),
    )

    def link(version: int, to: UUID) -> Put:
        row: Row = {"tenant": DEMO, "kind": "contact", "id": DEAL, "version": version, "link_id": to}
        return Put("entity_links", (DEMO, "contact", DEAL, version, to), row)

    found = [change for changes in changes_of(entity_states, log.events) for change in changes]
    assert [change for change in found if change.table == "entity_links"] == [
        link(2, acme),
        link(3, acme),
        link(3, bo),
        link(4, acme),
        link(4, bo),
        link(5, bo),
    ]


@pytest.mark.parametrize(
    ("category", "event", "to"),
    [
        ("deal", DealContactLinked(contact_id=some_id("bo"), role=None), some_id("bo")),
        ("activity", call_logged(Related(RelatedKind.LEAD, some_id("lead"))), some_id("lead")),
    ],
)
def test_deals_and_activities_point_at_things_too(category: str, event: Event, to: UUID) -> None:
    """A deal at its contacts, an activity at what it is about."""
    log = Log()
    log.append(category, DEAL, *([deal_opened()] if category == "deal" else []), event)
    link = changes_of(entity_states, log.events)[-1][-1]
    assert link.key == (DEMO, category, DEAL, len(log.events), to)


def test_entity_timeline_has_one_line_per_event_with_its_payload() -> None:
    """Who did what when, and the payload as JSON."""
    log = won_deal()
    (line,) = changes_of(entity_timeline, log.events)[1]
    later = NOON + timedelta(minutes=1)
    row: Row = {
        "tenant": DEMO,
        "entity_id": DEAL,
        "position": 2,
        "stream": f"deal-demo~{DEAL}",
        "stream_version": 2,
        "type": "deal.won",
        "occurred_at": later,
        "recorded_at": later,
        "actor": "ada",
        "data": f'{{"stage_id":"{WON}","amount":{{"minor":9,"currency":"USD"}}}}',
    }
    assert line == Put("entity_timeline", (DEMO, DEAL, 2), row)


def test_entity_timeline_of_an_account_has_what_the_hierarchy_says_of_it() -> None:
    """The line belongs to the account that the event names, not to the stream."""
    log = Log()
    log.append("account_hierarchy", "accounts", AccountParentSet(account_id=DEAL, parent_id=None))
    (line,) = changes_of(entity_timeline, log.events)[0]
    assert line.key == (DEMO, DEAL, 1)


def test_entity_card_is_versioned_by_the_stream_and_shows_the_entity_version() -> None:
    """Bookkeeping counts in the stream's version, so the card's own version is ahead of the entity's."""
    log = Log()
    log.append("deal", DEAL, deal_opened())
    log.append("deal", DEAL, CommandAccepted(target_id=DEAL))
    log.append("deal", DEAL, DealWon(stage_id=WON, amount=usd(9)))
    body: Row = {"id": DEAL, "kind": "deal", "name": "Crane 7"}
    changes = changes_of(entity_card, log.events)
    assert changes[0] == (VersionedPut("card", (DEMO, DEAL), 1, body | {"version": 1, "position": 1}),)
    assert changes[2] == (VersionedPut("card", (DEMO, DEAL), 3, body | {"version": 2, "position": 3}),)


@pytest.mark.parametrize(
    ("category", "event", "name"),
    [
        ("lead", lead_captured(), "Grace Hopper"),
        ("contact", contact_created(), "Grace Hopper"),
        ("activity", call_logged(), "Called"),
    ],
)
def test_leads_contacts_and_activities_have_cards_and_lines(category: str, event: Event, name: str) -> None:
    """A saved view has neither: it is nobody's business but its user's."""
    log = Log()
    log.append(category, DEAL, event)
    body: Row = {"id": DEAL, "kind": category, "name": name, "version": 1, "position": 1}
    assert changes_of(entity_card, log.events) == [(VersionedPut("card", (DEMO, DEAL), 1, body),)]
    (line,) = changes_of(entity_timeline, log.events)[0]
    assert line.key == (DEMO, DEAL, 1)
    readers: set[type[Document]] = {*entity_card.READS, *entity_timeline.READS}
    assert SavedView not in readers
