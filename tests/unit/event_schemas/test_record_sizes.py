"""How long an event's record can be, by the bounds that its fields declare."""

from typing import Any

import msgspec.inspect as inspected
import pytest

import event_schemas.catalog  # noqa: F401 -- registers all events
from event_schemas.records import MAX_RECORD_BYTES, MAX_VALUE_BYTES
from event_schemas.registry import EventType, all_types

BYTES_OF_A_CHARACTER = 6
"""As an escape: more than any character takes by itself."""
SEALED = 4 / 3
"""Ciphertext as base64."""
SMALL = 128
"""Numbers, instants, ids and names of an enumeration."""
METADATA = 8 * 1024
BY_REQUEST = {"pipeline.defined.stages": 3_000_000, "pipeline.stages_reordered.stage_ids": 1_000_000}
"""Collections without a bound of their own: what a request of a million bytes, the longest that is taken, can make."""


def longest(kind: Any, path: str) -> float:
    """Bytes of the longest JSON of a type."""
    if path in BY_REQUEST:
        return BY_REQUEST[path]
    match kind:
        case inspected.StrType(max_length=int(most)):
            return most * BYTES_OF_A_CHARACTER + 2
        case inspected.StrType():
            raise AssertionError(f"{path}: text of any length")
        case inspected.StructType(fields=fields):
            return 2 + sum(len(f.encode_name) + 4 + longest(f.type, f"{path}.{f.name}") for f in fields)
        case inspected.UnionType(types=types):
            return max(longest(one, path) for one in types)
        case inspected.VarTupleType(item_type=item, max_length=int(most)):
            return 2 + most * (1 + longest(item, path))
        case inspected.VarTupleType() | inspected.ListType() | inspected.DictType():
            raise AssertionError(f"{path}: a collection of any length")
        case inspected.AnyType():
            raise AssertionError(f"{path}: anything")
    return SMALL


@pytest.mark.parametrize("entry", list(all_types()), ids=lambda entry: entry.name)
def test_no_event_is_too_long_for_a_record(entry: EventType) -> None:
    """Whatever it says, within the bounds of its fields: so what topics take is enough for each."""
    most = longest(inspected.type_info(entry.cls), entry.name)
    assert most * SEALED + METADATA < MAX_VALUE_BYTES < MAX_RECORD_BYTES
