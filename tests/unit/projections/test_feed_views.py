"""The views of feeds and counters: exactly these feeds, lines and sets for these events."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from event_schemas.account import AccountMerged, AccountParentSet
from event_schemas.activity import (
    ActivityCancelled,
    ActivityKind,
    ActivityReassigned,
    ActivityRescheduled,
    ActivityScheduled,
    Related,
    RelatedKind,
)
from event_schemas.bookkeeping import CommandAccepted
from event_schemas.contact import ContactAccountLinked, ContactAccountUnlinked, ContactCreated
from event_schemas.deal import DealAccountChanged, DealAmountChanged, DealLost, DealOwnerChanged, DealWon, LossReason
from event_schemas.lead import LeadArchived, LeadCaptured, LeadQualified
from event_schemas.organisation import UserCreated
from projections.changes import Membership, OrderedPut, Put, Row
from projections.documents.saved_view import SavedView
from projections.views import activity_feed, feed_lines, live_counters
from tests.support.events import DEMO, NOON, Log, some_id
from tests.support.histories import LOST, WON, account_opened, deal_opened, usd
from tests.support.projecting import changes_of

DEAL, USER_1, USER_2 = some_id("deal"), some_id("user 1"), some_id("user 2")
ACCOUNT_1, ACCOUNT_2 = some_id("account 1"), some_id("account 2")
ADA = "user:ada"


def captured(owner: Any = USER_1) -> LeadCaptured:
    """A lead of an owner."""
    nothing: dict[str, Any] = dict.fromkeys(("source", "campaign", "external_id", "attributes", "person"))
    return LeadCaptured(company="Acme", owner_id=owner, **nothing)


def scheduled() -> ActivityScheduled:
    """A task of an owner, about an account and a deal, due at noon."""
    return ActivityScheduled(
        kind=ActivityKind.TASK,
        subject="Call",
        body=None,
        related=(Related(RelatedKind.ACCOUNT, ACCOUNT_1), Related(RelatedKind.DEAL, DEAL)),
        person_id=None,
        owner_id=USER_1,
        due_at=NOON,
    )


def feeds(log: Log) -> list[list[str]]:
    """The feeds of each event, as both views say them."""
    ordered = [[str(change.key[1]) for change in changes] for changes in changes_of(activity_feed, log.events)]
    rows = [[str(change.key[1]) for change in changes] for changes in changes_of(feed_lines, log.events)]
    assert ordered == rows
    return ordered


def test_an_event_is_told_to_actor_owner_and_account() -> None:
    """Each once; who owned it or was named before is told too."""
    log = Log()
    for event in (
        deal_opened(),
        DealOwnerChanged(owner_id=USER_2),
        DealAccountChanged(account_id=ACCOUNT_2),
        DealOwnerChanged(owner_id=None),
        DealAccountChanged(account_id=None),
        DealAmountChanged(amount=usd(1)),
    ):
        log.append("deal", DEAL, event)
    one, two, first, second = f"user:{USER_1}", f"user:{USER_2}", f"account:{ACCOUNT_1}", f"account:{ACCOUNT_2}"
    assert feeds(log) == [
        sorted([ADA, one, first]),
        sorted([ADA, one, two, first]),
        sorted([ADA, two, first, second]),
        sorted([ADA, two, second]),
        sorted([ADA, second]),
        [ADA],
    ]


def test_accounts_are_told_of_themselves_their_hierarchy_contacts_and_activities() -> None:
    """Whatever names them."""
    log = Log()
    log.append("account", ACCOUNT_1, account_opened())
    log.append("account", ACCOUNT_1, AccountMerged(into_id=ACCOUNT_2))
    log.append("account_hierarchy", "accounts", AccountParentSet(account_id=ACCOUNT_1, parent_id=ACCOUNT_2))
    log.append("account_hierarchy", "accounts", AccountParentSet(account_id=ACCOUNT_1, parent_id=None))
    log.append("activity", some_id("task"), scheduled())
    created = ContactCreated(person=None, external_id="x", attributes=None, owner_id=None, lead_id=None)
    log.append("contact", some_id("contact"), created)
    log.append("contact", some_id("contact"), ContactAccountLinked(account_id=ACCOUNT_1, role=None))
    log.append("contact", some_id("contact"), ContactAccountUnlinked(account_id=ACCOUNT_1))
    first, second, owner = f"account:{ACCOUNT_1}", f"account:{ACCOUNT_2}", f"user:{USER_1}"
    assert feeds(log) == [
        sorted([ADA, owner, first]),
        sorted([ADA, owner, first]),
        sorted([ADA, first, second]),
        sorted([ADA, first, second]),
        sorted([ADA, owner, first]),
        [ADA],
        sorted([ADA, first]),
        sorted([ADA, first]),
    ]


def test_a_user_is_told_of_their_own() -> None:
    """Of joining, leaving, and the like."""
    log = Log()
    log.append("user", USER_1, UserCreated(name="Bo", region=None, manager_id=None))
    assert feeds(log) == [sorted([ADA, f"user:{USER_1}"])]


def test_saved_views_are_nobodys_news() -> None:
    """A private list stays private."""
    assert SavedView not in activity_feed.READS
    assert SavedView not in feed_lines.READS


def test_a_line_has_all_that_is_shown_and_a_row_refers_to_it() -> None:
    """The member's bytes are the same for all feeds of the event; the row names the state that the event led to."""
    log = Log()
    log.append("deal", DEAL, deal_opened(), CommandAccepted(target_id=DEAL))
    log.append("deal", DEAL, DealWon(stage_id=WON, amount=usd(9)))
    won = changes_of(activity_feed, log.events)[2]
    shown = {
        "position": 3,
        "type": "deal.won",
        "occurred_at": "2017-06-30T12:02:00Z",
        "actor": "ada",
        "kind": "deal",
        "id": str(DEAL),
        "name": "Crane 7",
        "data": {"stage_id": str(WON), "amount": {"minor": 9, "currency": "USD"}},
    }
    members = [change for change in won if isinstance(change, OrderedPut)]
    assert [(change.table, change.position, msgspec.json.decode(change.body)) for change in members] == [
        ("feed", 3, shown)
    ] * 3
    row = changes_of(feed_lines, log.events)[2][0]
    refers: Row = {"kind": "deal", "entity_id": DEAL, "version": 2, "position": 3}
    assert row == Put("feed_lines", (DEMO, row.key[1], 3), {"tenant": DEMO, "feed": row.key[1], **refers})


def counted(log: Log) -> list[Any]:
    """The version and sets of each event; None where nothing moves."""
    found = changes_of(live_counters, log.events)
    assert all(isinstance(change, Membership) for changes in found for change in changes)
    return [(changes[0].version, changes[0].sets) if changes else None for changes in found]  # type: ignore[union-attr]  # memberships all of them


def test_a_deal_is_counted_by_status_for_all_and_for_its_owner() -> None:
    """It moves when it is closed or changes hands, and not otherwise; versions are those of the stream."""
    log = Log()
    log.append("deal", DEAL, deal_opened(), CommandAccepted(target_id=DEAL), DealAmountChanged(amount=usd(1)))
    log.append("deal", DEAL, DealOwnerChanged(owner_id=USER_2), DealOwnerChanged(owner_id=None))
    log.append("deal", DEAL, DealLost(stage_id=LOST, reason=LossReason.PRICE, detail=""))
    assert counted(log) == [
        (1, {"all:open_deals": 0, f"{USER_1}:open_deals": 0}),
        None,
        None,
        (4, {"all:open_deals": 0, f"{USER_2}:open_deals": 0}),
        (5, {"all:open_deals": 0}),
        (6, {"all:lost_deals": 0}),
    ]


def test_a_lead_is_counted_while_it_is_new_or_qualified() -> None:
    """An archived one is not."""
    log = Log()
    log.append("lead", some_id("lead"), captured(), LeadQualified(), LeadArchived())
    assert counted(log) == [
        (1, {"all:new_leads": 0, f"{USER_1}:new_leads": 0}),
        (2, {"all:qualified_leads": 0, f"{USER_1}:qualified_leads": 0}),
        (3, {}),
    ]


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=3, microseconds=1)])
def test_an_open_activity_is_ranked_by_when_it_is_due(later: timedelta) -> None:
    """In microseconds since 1970, so that those overdue are a range; cancelled, it is in no set."""
    log = Log()
    log.append("activity", some_id("task"), scheduled(), ActivityRescheduled(due_at=NOON + later))
    log.append("activity", some_id("task"), ActivityReassigned(owner_id=None))
    log.append("activity", some_id("task"), ActivityCancelled(reason=None, person_id=None))
    noon = 1_498_824_000_000_000
    due = noon + later // timedelta(microseconds=1)
    moved = (2, {"all:open_activities": due, f"{USER_1}:open_activities": due})
    assert counted(log) == [
        (1, {"all:open_activities": noon, f"{USER_1}:open_activities": noon}),
        moved if later else None,
        (3, {"all:open_activities": due}),
        (4, {}),
    ]
