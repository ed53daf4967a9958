"""The quick way to make a row's commands, beside msgspec's own."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from event_schemas.people import Attribute
from tests.support.structs import CHARACTERS
from write_side.domain.deal import OpenDeal
from write_side.domain.decider import Command
from write_side.domain.lead_commands import CaptureLead
from write_side.entrypoints.importing.kinds import KINDS, fields_of
from write_side.entrypoints.importing.making import Maker

COMMANDS = [command for kind in KINDS.values() for command in (kind.create, *kind.changes, *kind.links)]
ENTITY = UUID(int=7)
TEXTS = (
    st.text(CHARACTERS, max_size=60)
    | st.sampled_from(["a@b.org", " a@b.org ", "a b@c", "\ud800", "a\x00", "x\n", " ", "\x1c", "Zoë"])
    | st.sampled_from(
        [
            "a" * 200,
            "a" * 201,
            "b" * 2000,
            "b" * 2001,
            "@".join("cc"),
            "é@è",
            "a@b\n",
            "+49 30 1234567",
            "3" * 50,
            "3" * 51,
        ]
    )
)
ATTRIBUTES = st.lists(st.builds(Attribute, st.just("City") | TEXTS, TEXTS | st.none()), max_size=2).map(tuple)
ODD = TEXTS | st.uuids() | st.integers() | st.none()
PLAIN: dict[str, Any] = {"email": "zoe@example.org", "attributes": (Attribute("City", "Kraków"),), "reasons": ()}


def plain(command: type[Command], name: str) -> Any:
    """A value of the field with which nothing is wrong."""
    return PLAIN.get(name, ENTITY if fields_of(command).get(name) is UUID else "Zoë")


@st.composite
def cases(draw: st.DrawFn) -> tuple[type[Command], dict[str, Any]]:
    """A command, and values for some of its fields, of which one or two may be odd."""
    command = draw(st.sampled_from(COMMANDS))
    fields = sorted(fields_of(command))
    values = {name: plain(command, name) for name in draw(st.sets(st.sampled_from(fields)))}
    for name in draw(st.sets(st.sampled_from([*fields, "nothing"]), max_size=2)):
        values[name] = draw(ATTRIBUTES if name == "attributes" else ODD)
    return command, values


def by_msgspec(command: type[Command], values: dict[str, Any]) -> Command | None:
    """The command, if the values can be its."""
    try:
        return msgspec.convert({"id": ENTITY, **msgspec.to_builtins(values)}, command)
    except msgspec.ValidationError:
        return None


@settings(max_examples=500)
@given(cases())
@example((CaptureLead, {"name": "\x1c "}))
@example((CaptureLead, {"company": "Zoë\ud800"}))
@example((CaptureLead, {"name": "Zoë", "attributes": (Attribute("City", "b" * 2001),)}))
@example((CaptureLead, {"name": "Zoë", "attributes": (Attribute("a" * 201, "b"),)}))
@example((CaptureLead, {"attributes": (Attribute("City", "b"),) * 201}))
@example((OpenDeal, {"name": "Zoë", "pipeline_id": ENTITY}))
def test_what_is_made_quickly_is_what_would_be_made_slowly(case: tuple[type[Command], dict[str, Any]]) -> None:
    """And what may not be made is left to who says why."""
    command, values = case
    made = Maker(command).make(ENTITY, values)
    assert made is None or made == by_msgspec(command, values)


@pytest.mark.parametrize("kind", ["lead", "contact", "account"])
def test_a_usual_row_is_made_quickly(kind: str) -> None:
    """Or nothing would be gained."""
    command = KINDS[kind].create
    values: dict[str, Any] = {"name": "Zoë Ångström"}
    if "email" in fields_of(command):
        values |= {"email": "zoe@example.org", "phone": "+49 30 1234567", "attributes": (Attribute("City", "Kraków"),)}
    assert Maker(command).make(ENTITY, values) == by_msgspec(command, values)
