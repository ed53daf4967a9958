"""Wire names and classes, and the way from old versions to new ones."""

import pytest

from event_schemas.deal import DealLost
from event_schemas.registry import Event, UnknownEventType, all_types, event, of_class, of_name
from event_schemas.schemas import catalogued
from event_schemas.upcasters import UPCASTERS, NoUpcaster, upcast


def test_names_and_classes_find_each_other() -> None:
    """Every registered type is found by both."""
    for entry in all_types():
        assert of_name(entry.name) is of_class(entry.cls) is entry
    assert (of_name("deal.lost").cls, of_name("deal.lost").version) == (DealLost, 2)


def test_what_is_not_registered_is_not_found() -> None:
    """The answer names what was asked for."""
    with pytest.raises(UnknownEventType, match=r"deal\.unheard_of"):
        of_name("deal.unheard_of")
    with pytest.raises(UnknownEventType, match="Event"):
        of_class(Event)


def test_a_name_is_taken_once() -> None:
    """A second class under a wire name fails where it is declared, and so does a second name for a class."""

    class DealLostAgain(Event, frozen=True, kw_only=True):
        """A copy."""

    with pytest.raises(ValueError, match=r"'deal\.lost' is registered twice: DealLost and DealLostAgain"):
        event("deal.lost")(DealLostAgain)
    with pytest.raises(ValueError, match=r"DealLost is registered twice: 'deal\.lost' and 'deal\.lost_again'"):
        event("deal.lost_again")(DealLost)


def test_names_are_of_an_aggregate_and_a_fact() -> None:
    """``deal.stage_changed``: lower case, one dot."""
    for entry in catalogued():
        aggregate, _, fact = entry.name.partition(".")
        assert aggregate.replace("_", "").isalpha()
        assert fact.replace("_", "").isalpha()
        assert entry.name.islower()


def test_only_the_fields_that_name_entities_do() -> None:
    """An event of a stream that holds many entities has the field that it is said to have."""
    for entry in catalogued():
        assert entry.entity_field is None or entry.entity_field in entry.cls.__struct_fields__


def test_upcasters_go_step_by_step() -> None:
    """From the stored version to the current one; from the current one nothing is to be done."""
    old, new = {"stage_id": "x", "reason": "too dear"}, {"stage_id": "x", "reason": "other", "detail": "too dear"}
    assert upcast("deal.lost", old, stored=1, current=2) == new
    assert upcast("deal.lost", new, stored=2, current=2) == new
    assert old == {"stage_id": "x", "reason": "too dear"}


@pytest.mark.parametrize(("name", "stored", "current"), [("deal.lost", 1, 3), ("deal.lost", 0, 2), ("deal.won", 1, 2)])
def test_a_missing_step_is_named(name: str, stored: int, current: int) -> None:
    """A version without a way to the current one is an error."""
    with pytest.raises(NoUpcaster, match=rf"{name} v\d has no upcaster to v\d"):
        upcast(name, {"stage_id": "x", "reason": ""}, stored=stored, current=current)


def test_upcasters_are_of_events_that_are_there() -> None:
    """Each leads to a version that its event has reached."""
    for name, version in UPCASTERS:
        assert 1 <= version < of_name(name).version
