"""Tokens: what is issued is verified, and nothing else is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from read_api.authentication import InvalidIdentity, Role, Tokens
from read_api.errors import Unauthenticated

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = bytes(32)


def tokens(secret: bytes = SECRET, now: datetime = NOW) -> Tokens:
    """Tokens at a fixed moment."""
    return Tokens(secret, clock=lambda: now)


def test_a_token_names_who_it_was_issued_to() -> None:
    """Tenant, user, role and the moment until when."""
    issued = tokens().issue(tenant="demo", user_id="ann", role=Role.MEMBER, lifetime=timedelta(minutes=5))
    identity = tokens().verify(issued)
    assert (identity.tenant, identity.user_id, identity.role) == ("demo", "ann", Role.MEMBER)
    assert identity.expires_at == NOW + timedelta(minutes=5)


def test_a_token_ends_with_its_lifetime() -> None:
    """It is valid to the last second and not at its end."""
    issued = tokens().issue(tenant="demo", user_id="ann", role=Role.ADMIN, lifetime=timedelta(minutes=5))
    assert tokens(now=NOW + timedelta(minutes=5, seconds=-1)).verify(issued).user_id == "ann"
    with pytest.raises(Unauthenticated, match="expired"):
        tokens(now=NOW + timedelta(minutes=5)).verify(issued)


def test_another_secret_verifies_nothing() -> None:
    """A token of one installation is garbage in another."""
    issued = tokens().issue(tenant="demo", user_id="ann", role=Role.ADMIN)
    with pytest.raises(Unauthenticated):
        tokens(secret=b"1" * 32).verify(issued)


def test_a_short_secret_is_refused() -> None:
    """Less than 32 bytes can be guessed."""
    with pytest.raises(ValueError, match="at least 32"):
        tokens(secret=b"short")


@pytest.mark.parametrize(
    ("tenant", "user"),
    [("Demo", "ann"), ("x'; demo", "ann"), ("", "ann"), ("a" * 40, "ann"), ("demo", ""), ("demo", "a" * 201)],
)
def test_nobody_is_issued_a_token_that_cannot_be(tenant: str, user: str) -> None:
    """Tenant and user are checked when a token is made."""
    with pytest.raises(InvalidIdentity):
        tokens().issue(tenant=tenant, user_id=user, role=Role.ADMIN)


@given(st.text(max_size=300))
def test_garbage_is_unauthenticated_and_nothing_worse(text: str) -> None:
    """Whatever stands in the header, the answer is the same refusal."""
    with pytest.raises(Unauthenticated):
        tokens().bearer(text)
    with pytest.raises(Unauthenticated):
        tokens().verify(text)
