"""Whose an e-mail address is."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from event_schemas.email import EmailReleased
from event_schemas.email import EmailReserved as Reserved
from event_schemas.registry import Event
from tests.support.events import NOON, some_id
from tests.support.scenario import fold
from write_side.domain import email
from write_side.domain.decider import Context
from write_side.domain.email import EmailReserved, EmailTaken, ReleaseEmail, ReserveEmail

ADA, BOB = some_id("ada"), some_id("bob")
OF_ADA, OF_BOB = Reserved(contact_id=ADA), Reserved(contact_id=BOB)


def decide(*history: Event, who: UUID = ADA, used: bool = False, at: datetime | None = None) -> tuple[Event, ...]:
    """What comes of a reservation at noon."""
    command = ReserveEmail(id=who, address="a", used=used, reserved_at=at)
    state = fold(email.DECIDER, ADA, *history)
    return email.decide(command, state, context())


def context() -> Context:
    """At noon."""
    return Context(tenant="demo", actor="ann", occurred_at=NOON, command_id=ADA)  # type: ignore[arg-type]  # a plain text as tenant


@pytest.mark.parametrize("history", [(), (OF_ADA,), (OF_BOB, EmailReleased(contact_id=BOB))], ids=len)
def test_a_free_address_is_reserved(history: tuple[Event, ...]) -> None:
    """Also once more by the same contact, so that its reservation is young."""
    assert decide(*history) == (OF_ADA,)


def test_an_address_that_is_used_is_taken() -> None:
    """However long it has been; the refusal names who has it, and what to do."""
    with pytest.raises(EmailTaken) as refused:
        decide(OF_BOB, used=True, at=NOON - timedelta(days=100))
    assert (refused.value.holder_id, refused.value.at, refused.value.code) == (BOB, "email", "EMAIL_TAKEN")
    assert str(BOB) in refused.value.message
    assert "merge the two" in refused.value.message


def test_an_unused_reservation_is_respected_for_ten_minutes() -> None:
    """Then anybody may take it over."""
    almost = NOON - timedelta(minutes=10) + timedelta(microseconds=1)
    with pytest.raises(EmailReserved) as refused:
        decide(OF_BOB, at=almost)
    assert (refused.value.at, refused.value.code) == ("email", "EMAIL_RESERVED")
    assert "12:00:00" in refused.value.message
    assert decide(OF_BOB, at=NOON - timedelta(minutes=10)) == (OF_ADA,)


def test_what_is_ones_own_is_released() -> None:
    """Somebody else's, or nobody's, is left alone."""
    release = ReleaseEmail(id=ADA, address="a")
    released = (EmailReleased(contact_id=ADA),)
    assert email.decide(release, fold(email.DECIDER, ADA, OF_ADA), context()) == released
    for history in ((), (OF_BOB,), (OF_ADA, *released)):
        assert email.decide(release, fold(email.DECIDER, ADA, *history), context()) == ()
    assert fold(email.DECIDER, ADA, OF_BOB, *released) == email.Reserved(BOB)
