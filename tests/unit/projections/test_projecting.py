"""A batch through a view group: what is applied, skipped and parked; a poison event stops its stream, no other."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from event_schemas.batch import BatchStarted
from event_schemas.bookkeeping import CommandAccepted
from event_schemas.deal import DealAmountChanged
from event_schemas.envelope import Recorded, StoredEvent
from event_schemas.registry import Event
from projections.catalog import View, ViewGroup
from projections.changes import Change, Delete
from projections.documents.deal import Deal
from projections.documents.document import Document
from projections.projecting import DeadLetter, Outcome, Projected, Projection, ref_of
from tests.support.events import DEMO, Log, some_id
from tests.support.histories import deal_opened, usd

APPLIED, SKIPPED, PARKED = Outcome.APPLIED, Outcome.SKIPPED, Outcome.PARKED
WAITS = "an earlier event of the stream is parked"


def view(name: str, *, fails_at: int = 0) -> View[Change]:
    """A view of deals whose changes are marked with name and position, and that raises at one position."""

    def apply(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
        if recorded.position == fails_at:
            raise ZeroDivisionError("a view\0 with a defect")
        return (Delete(name, (recorded.position,)),)

    module: Any = SimpleNamespace(NAME=name, VERSION=1, TABLES=(name,), READS=(Deal,), apply=apply)
    return cast("View[Change]", module)


def project(events: Sequence[StoredEvent], *views: View[Change], parked: Any = ()) -> Projected[Change]:
    """The batch through a group of these views."""
    return Projection(ViewGroup("g", *views), documents={}, parked=frozenset(parked)).project(events)


def two_deals() -> list[StoredEvent]:
    """Deal a at positions 1, 3, 5 and deal b at 2, 4."""
    log = Log()
    for name, event in (
        ("a", deal_opened()),
        ("b", deal_opened()),
        ("a", DealAmountChanged(amount=usd(1))),
        ("b", DealAmountChanged(amount=usd(2))),
        ("a", DealAmountChanged(amount=usd(3))),
    ):
        log.append("deal", some_id(name), event)
    return log.events


def broken(stored: StoredEvent, data: bytes) -> StoredEvent:
    """The event with another payload."""
    return msgspec.structs.replace(stored, data=data)


def letter(view: str, stored: StoredEvent, error: str) -> DeadLetter:
    """What is kept of a parked event."""
    return DeadLetter(view, DEMO, stored.stream, stored.position, stored.type, error)


def test_every_view_sees_every_event_in_order() -> None:
    """Changes come event by event, and within one in the order of the views."""
    done = project(two_deals()[:2], view("x"), view("y"))
    assert done.changes == [Delete("x", (1,)), Delete("y", (1,)), Delete("x", (2,)), Delete("y", (2,))]
    assert done.outcomes == [APPLIED, APPLIED]


def test_the_documents_that_changed_are_kept_once_in_their_last_form() -> None:
    """What the next batch begins with."""
    events = two_deals()
    done = project(events, view("x"))
    assert {ref: document.version for ref, document in done.documents.items()} == {
        ref_of(events[0]): 3,
        ref_of(events[1]): 2,
    }


def test_bookkeeping_and_streams_that_nothing_shows_are_skipped() -> None:
    """They reach no view, change no document and park nothing, however unreadable."""
    log = Log()
    log.append("deal", some_id("a"), CommandAccepted(target_id=some_id("a")))
    log.append("batch", some_id("import"), BatchStarted(name="leads.csv"))
    done = project([log.events[0], broken(log.events[1], b"{")], view("x"))
    assert (done.outcomes, done.changes, done.documents, done.letters) == ([SKIPPED, SKIPPED], [], {}, [])


def test_an_undecodable_event_parks_its_stream_for_the_group_and_no_other() -> None:
    """The poison event and the later ones of its stream are parked in order; the document stays; others go on."""
    events = two_deals()
    events[2] = broken(events[2], b'{"amount": "\xff"}')
    done = project(events, view("x"))
    assert done.outcomes == [APPLIED, APPLIED, PARKED, APPLIED, PARKED]
    assert [change.key for change in done.changes] == [(1,), (2,), (4,)]
    assert done.documents[ref_of(events[0])].version == 1
    poison, later = done.letters
    assert poison.error.startswith(f"UndecodableEvent: {events[2].stream} v2")
    assert later == letter("", events[4], WAITS)


def test_an_unfoldable_event_parks_its_stream_for_the_group() -> None:
    """A deal that changes before it was opened."""
    events = two_deals()[2:]
    done = project(events, view("x"))
    assert done.outcomes == [PARKED, PARKED, PARKED]
    assert [one.error.split(":")[0] for one in done.letters] == ["Unfoldable", "Unfoldable", WAITS]


def test_a_view_that_raises_parks_the_stream_for_itself_alone() -> None:
    """The other views of the group, and the other streams in this view, go on; the document too."""
    events = two_deals()
    done = project(events, view("x", fails_at=3), view("y"))
    assert done.outcomes == [APPLIED, APPLIED, PARKED, APPLIED, PARKED]
    assert [change.key for change in done.changes if change.table == "x"] == [(1,), (2,), (4,)]
    assert [change.key for change in done.changes if change.table == "y"] == [(1,), (2,), (3,), (4,), (5,)]
    assert done.documents[ref_of(events[0])].version == 3
    assert done.letters == [
        letter("x", events[2], r"ZeroDivisionError: a view\0 with a defect"),
        letter("x", events[4], WAITS),
    ]


def test_what_an_earlier_batch_parked_stays_parked() -> None:
    """For the group, or for one view."""
    events = two_deals()
    a, b = events[0].stream, events[1].stream
    done = project(events[:2], view("x"), view("y"), parked=[("", a), ("y", b)])
    assert done.outcomes == [PARKED, PARKED]
    assert done.changes == [Delete("x", (2,))]
    assert done.letters == [letter("", events[0], WAITS), letter("y", events[1], WAITS)]


def test_what_a_store_refuses_is_parked_for_the_group() -> None:
    """Nothing of the event is written."""
    (first, *_) = two_deals()
    projection = Projection(ViewGroup("g", view("x")), documents={}, parked=frozenset())
    done = projection.refuse(first, ValueError("no such \ud800 text"))
    assert (done.outcomes, done.changes, done.documents) == ([PARKED], [], {})
    assert done.letters == [letter("", first, r"ValueError: no such \ud800 text")]
