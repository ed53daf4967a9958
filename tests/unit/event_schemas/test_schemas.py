"""JSON Schemas of the events, and the check against what was released."""

import copy
from importlib.resources import files
from typing import Any
from uuid import UUID

import msgspec
import pytest

from event_schemas import schemas
from event_schemas.deal import LossReason
from event_schemas.registry import Event, EventType
from event_schemas.upcasters import UPCASTERS
from event_schemas.values import Name

COMMITTED = files("event_schemas").joinpath(schemas.RELEASED_FILE).read_bytes()


def released() -> Any:
    """A copy of the committed registry, free to be changed."""
    return copy.deepcopy(schemas.parse(COMMITTED))


def test_the_current_events_can_be_released() -> None:
    """Nothing that was ever released has become unreadable."""
    assert schemas.check(released()) == []


def test_what_is_current_was_released() -> None:
    """The committed registry has the current version of every event, so that the next change is noticed."""
    assert schemas.release(released()) == released()


def test_the_file_is_in_its_canonical_form() -> None:
    """What a release writes is what is committed, byte for byte."""
    assert schemas.render(released()) == COMMITTED


def test_every_event_is_exported() -> None:
    """One schema per type, at its current version, complete in itself."""
    exported = schemas.export()
    assert list(exported) == [f"{entry.name}.v{entry.version}" for entry in schemas.catalogued()]
    assert "$ref" not in str(exported)
    lost = exported["deal.lost.v2"]
    assert lost["title"] == "deal.lost.v2"
    assert lost["required"] == ["stage_id", "reason", "detail"]
    assert lost["properties"]["stage_id"] == {"type": "string", "format": "uuid"}
    assert set(lost["properties"]["reason"]["enum"]) == {str(reason) for reason in LossReason}
    money = exported["deal.won.v1"]["properties"]["amount"]["properties"]
    assert (money["minor"]["minimum"], money["minor"]["maximum"]) == (0, 10**15)
    assert exported["account.parent_set.v1"]["x-entity-field"] == "account_id"
    assert exported["command.accepted.v1"]["x-bookkeeping"] is True


def test_a_removed_event_is_a_problem() -> None:
    """Stored events of a type that is gone cannot be read."""
    before = released() | {"deal.forgotten": {"1": {}}}
    assert schemas.check(before) == ["deal.forgotten: was released and is gone: stored events of it cannot be read"]


def test_a_lowered_version_is_a_problem() -> None:
    """A program does not go back behind what was released."""
    before = released()
    before["deal.won"]["2"] = before["deal.won"]["1"]
    assert schemas.check(before) == ["deal.won: v2 was released, and the current version is only v1"]


def test_a_missing_upcaster_is_a_problem() -> None:
    """Each released version has a way to the current one."""
    without: Any = {key: step for key, step in UPCASTERS.items() if key != ("deal.lost", 1)}
    assert schemas.check(released(), upcasters=without) == ["deal.lost: v1 has no upcaster to v2"]


def edited(name: str, path: tuple[str, ...], value: Any) -> Any:
    """The committed registry as if an event's field had been released otherwise; None takes it away."""
    before = released()
    at = before[name]["1"]
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return before


@pytest.mark.parametrize(
    ("before", "problem"),
    [
        (
            edited("deal.won", ("properties", "discount"), {"type": "integer"}),
            "deal.won: properties.discount is gone since v1 was released",
        ),
        (
            edited("deal.won", ("properties", "stage_id"), {"type": "integer"}),
            "deal.won: properties.stage_id.format is new since v1 was released",
        ),
        (
            edited("deal.won", ("properties", "amount", "properties", "minor", "maximum"), 10**16),
            "deal.won: properties.amount.properties.minor.maximum changed from 10000000000000000 to 1000000000000000",
        ),
        (
            edited("deal.won", ("required",), ["stage_id"]),
            "deal.won: required has ['amount'], which stored events lack since v1 was released",
        ),
        (
            edited("user.region_assigned", ("properties", "region", "anyOf"), [{"type": "null"}]),
            "user.region_assigned: properties.region.anyOf has 2 alternatives instead of 1",
        ),
        (
            edited("account.parent_set", ("x-entity-field",), "parent_id"),
            "account.parent_set: x-entity-field changed from 'parent_id' to 'account_id'",
        ),
        (
            edited("command.accepted", ("x-bookkeeping",), None),
            "command.accepted: x-bookkeeping is new since v1 was released",
        ),
        (
            edited(
                "pipeline.stage_added", ("properties", "stage", "properties", "category", "enum"), ["open", "stuck"]
            ),
            "pipeline.stage_added: properties.stage.properties.category.enum lacks ['stuck']",
        ),
    ],
)
def test_a_changed_field_is_a_problem(before: Any, problem: str) -> None:
    """A released version means for ever what it meant; the answer to a change is a new version and an upcaster."""
    problems = schemas.check(before)
    assert problems[0].startswith(problem)
    assert all(one.endswith("raise the version and add an upcaster") for one in problems)
    with pytest.raises(schemas.ReleaseRefused, match=r"raise the version"):
        schemas.release(before)


@pytest.mark.parametrize(
    "before",
    [
        edited("deal.won", ("description",), "Other words."),
        edited("pipeline.stage_added", ("properties", "stage", "title"), "AnotherClass"),
        edited("pipeline.stage_added", ("properties", "stage", "properties", "category", "enum"), ["open"]),
        edited("account.details_changed", ("properties", "sector"), None),
        {name: versions for name, versions in released().items() if name != "deal.won"},
        {},
    ],
    ids=["words", "class name", "new code", "new optional field", "new event", "first release"],
)
def test_additions_are_fine(before: Any) -> None:
    """New words, codes, events and optional fields leave stored events readable."""
    assert schemas.check(before) == []
    assert schemas.release(before).keys() == released().keys()


class DealWonOtherwise(Event, frozen=True, kw_only=True):
    """A field was renamed by somebody who did not think of the stored events."""

    stage: UUID
    name: Name


def test_a_renamed_field_of_a_real_class_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check looks at the classes as they are now."""
    monkeypatch.setattr(schemas, "of_name", lambda name: EventType(name, 1, DealWonOtherwise, None, False, (), None))
    assert schemas.check({"deal.won": released()["deal.won"]}) == [
        f"deal.won: {what} since v1 was released: raise the version and add an upcaster"
        for what in (
            "properties.amount is gone",
            "properties.stage_id is gone",
            "required has ['name', 'stage'], which stored events lack",
        )
    ]


def test_a_payload_field_may_be_called_title() -> None:
    """Only a schema's own title is a note; a payload's field of that name is compared."""
    titled = {"type": "object", "properties": {"title": {"type": "string"}}}
    before = released()
    before["deal.won"]["1"] = {**before["deal.won"]["1"], "properties": titled["properties"]}
    assert "deal.won: properties.title is gone" in schemas.check(before)[0]


def test_no_registry_is_read_from_nonsense() -> None:
    """A damaged file is an error, not an empty registry."""
    for damaged in (b"", b"[]", b'{"deal.won": 1}'):
        with pytest.raises(msgspec.DecodeError):
            schemas.parse(damaged)
