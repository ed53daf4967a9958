"""Names of streams, and the ids that follow from them."""

from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from event_schemas.streams import (
    TENANT,
    InvalidStreamName,
    StreamName,
    TenantId,
    command_id,
    entity_id,
    event_id,
    parse_stream,
    stream_name,
)

categories = st.from_regex(r"[a-z_]+", fullmatch=True)
tenants = st.from_regex(r"[a-z][a-z0-9-]{0,38}", fullmatch=True).map(TenantId)
ids = st.uuids().map(str) | st.text(min_size=1).filter(lambda text: "~" not in text)
DEMO = TenantId("demo")


@given(categories, tenants, ids)
def test_a_stream_name_comes_apart_as_it_was_put_together(category: str, tenant: TenantId, entity: str) -> None:
    """Whatever category, tenant and id."""
    assert parse_stream(stream_name(category, tenant, entity)) == (category, tenant, entity)


@given(st.text())
@example("deal-demo~")
@example("deal-demo~a~b")
@example("deal-Demo~a")
@example("deal-~a")
@example("-demo~a")
@example("deal~a")
@example("deal-demo")
@example(f"deal-{'x' * 40}~a")
def test_other_text_is_no_stream_name(text: str) -> None:
    """It is refused, or it is a name that is put together again to the same text."""
    try:
        parts = parse_stream(text)
    except InvalidStreamName:
        return
    assert stream_name(*parts) == text


def test_the_examples_above_are_refused() -> None:
    """What is nearly a stream name is none."""
    for text in ("", "deal-demo~", "deal-demo~a~b", "deal-Demo~a", "deal-~a", "-demo~a", "deal~a", "deal-demo"):
        with pytest.raises(InvalidStreamName):
            parse_stream(text)


@pytest.mark.parametrize("text", ["demo\n", "Demo", "1demo", "", "de_mo", "demo~x", "x" * 40])
def test_other_text_is_no_tenant(text: str) -> None:
    """A tenant's name is short, lower case, and cannot end a stream's name early."""
    assert TENANT.match(text) is None


def test_ids_are_the_same_for_ever() -> None:
    """Repeats of stored commands are found by these ids: they never change."""
    entity = entity_id(DEMO, "deal", "row 1")
    command = command_id(DEMO, "deal", entity, "key")
    assert entity == UUID("915271ac-d219-593a-89b4-f4b79bac7319")
    assert command == UUID("bc40facf-29f3-5035-9af6-7446b1161ef0")
    assert event_id(command, StreamName(f"deal-demo~{entity}"), 0) == UUID("69719f39-23e1-5a09-92a6-1c3431d05175")


@given(st.lists(st.tuples(tenants, categories, st.text()), min_size=2, max_size=2, unique=True))
def test_scopes_do_not_meet(scopes: list[tuple[TenantId, str, str]]) -> None:
    """Another tenant, kind or key is another entity and another command; so is another index another event."""
    first, second = scopes
    assert entity_id(*first) != entity_id(*second)
    target = UUID(int=1)
    assert command_id(first[0], first[1], target, first[2]) != command_id(second[0], second[1], target, second[2])
    assert event_id(target, "deal-demo~x", 0) != event_id(target, "deal-demo~x", 1)
