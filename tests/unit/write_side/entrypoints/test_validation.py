"""What clients send becomes a command, or an error that names the field and says what it should hold."""

from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_schemas.deal import LossReason
from write_side.application.deciders import COMMANDS
from write_side.domain.account import ChangeAccountDetails
from write_side.domain.deal import ChangeDealOwner, LoseDeal, OpenDeal
from write_side.domain.decider import Command
from write_side.domain.lead_commands import CaptureLead
from write_side.domain.pipeline import DefinePipeline
from write_side.entrypoints.validation import InvalidInput, build, sent_of

ID = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"
DEAL: dict[str, Any] = {"id": ID, "name": "D", "pipeline_id": ID, "amount": {"minor": 1, "currency": "USD"}}


def test_a_command_is_made_of_what_was_sent() -> None:
    """Ids, dates and nested values become what the domain knows."""
    made = build(OpenDeal, {**DEAL, "expected_close": date(2027, 1, 31)})
    assert (made.id, made.amount.minor, made.expected_close) == (UUID(ID), 1, date(2027, 1, 31))
    assert build(LoseDeal, {"id": ID, "reason": "price"}).reason is LossReason.PRICE


@pytest.mark.parametrize(
    ("command", "fields", "path", "says"),
    [
        (OpenDeal, {**DEAL, "name": ""}, ("name",), "name must not be empty"),
        (OpenDeal, {**DEAL, "name": " \t"}, ("name",), "name must not be blank"),
        (OpenDeal, {**DEAL, "name": None}, ("name",), "name must not be null"),
        (OpenDeal, {**DEAL, "name": "x" * 201}, ("name",), "name must have at most 200 characters"),
        (OpenDeal, {**DEAL, "id": "7"}, ("id",), "id must be a UUID"),
        (OpenDeal, {**DEAL, "pipeline_id": "x"}, ("pipelineId",), "pipelineId must be a UUID"),
        (
            OpenDeal,
            {**DEAL, "amount": {"minor": -1, "currency": "USD"}},
            ("amount", "minor"),
            "amount.minor must be at least 0",
        ),
        (
            OpenDeal,
            {**DEAL, "amount": {"minor": 10**18, "currency": "USD"}},
            ("amount", "minor"),
            "amount.minor must be at most 1000000000000000",
        ),
        (OpenDeal, {**DEAL, "amount": {"minor": 1, "currency": "$"}}, ("amount", "currency"), "ISO 4217"),
        (CaptureLead, {"id": ID, "email": "ada"}, ("email",), "email must be an e-mail address, such as ada@"),
        (CaptureLead, {"id": ID, "email": "a"}, ("email",), "email must be an e-mail address"),
        (CaptureLead, {"id": ID, "phone": " "}, ("phone",), "phone must not be blank"),
        (CaptureLead, {"id": ID, "attributes": [{"name": "a"}]}, ("attributes", "0", "value"), "must be given"),
        (ChangeDealOwner, {"id": ID}, ("ownerId",), "ownerId must be given; send null"),
        (ChangeAccountDetails, {"id": ID, "name": None}, ("name",), "must not be null: send a value, or leave"),
        (ChangeAccountDetails, {"id": ID, "year_established": 7}, ("yearEstablished",), "must be at least 1000"),
        (
            DefinePipeline,
            {
                "id": ID,
                "name": "P",
                "currency": "USD",
                "stages": [
                    {"name": "A", "probability": 1, "category": "open"},
                    {"name": "B", "probability": 101, "category": "won"},
                ],
            },
            ("stages", "1", "probability"),
            "stages.1.probability must be at most 100",
        ),
    ],
)
def test_a_field_at_fault_is_named(
    command: type[Command], fields: dict[str, Any], path: tuple[str, ...], says: str
) -> None:
    """The path is in the API's names, and the message says what to send."""
    with pytest.raises(InvalidInput) as error:
        build(command, fields)
    assert error.value.path == path
    assert says in error.value.message


@given(st.sampled_from(list(COMMANDS)), st.dictionaries(st.text(max_size=5), st.none() | st.text() | st.integers()))
def test_whatever_is_sent_is_a_command_or_invalid(command: type[Command], fields: dict[str, Any]) -> None:
    """No other exception comes of it."""
    with suppress(InvalidInput):
        assert isinstance(build(command, {"id": ID, **fields}), command)


def test_what_was_sent_has_one_canonical_form() -> None:
    """An id in capitals is the same id; a field that was not sent is not in it, one that was sent as null is."""
    upper, lower = [
        {"id": each, "name": "A", "pipeline_id": each, "amount": {"minor": 1, "currency": "USD"}, "owner_id": None}
        for each in (ID.upper(), ID)
    ]
    sent = sent_of(build(OpenDeal, upper), upper)
    assert sent == sent_of(build(OpenDeal, lower), lower)
    assert set(sent) == set(upper)
    assert sent["id"] == ID
