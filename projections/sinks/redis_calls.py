"""Changes -> calls of scripts: the names of keys, and what the scripts are told. Pure."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from projections.changes import Key, Membership, OrderedPut, VersionedChange, VersionedDelete, VersionedPut

FEED_CAP: Final = 500
"""Members of an ordered set that are always kept; trimmed only above twice as many, so that few writes trim."""

_encode = msgspec.json.Encoder().encode


class Script(StrEnum):
    """The scripts that write, by their files."""

    VERSIONED = "versioned.lua"
    ORDERED = "ordered.lua"
    MEMBERSHIP = "membership.lua"


class Call(NamedTuple):
    """One run of a script over the key that it is given."""

    script: Script
    key: str
    arguments: Sequence[str | bytes | int]


def call_of(change: VersionedChange) -> Call:
    """The call that says this change alone."""
    match change:
        case VersionedPut(table, key, version, body):
            return Call(Script.VERSIONED, _entry(table, key), (str(version), _encode(body)))
        case VersionedDelete(table, key, version):
            return Call(Script.VERSIONED, _entry(table, key), (str(version),))
        case Membership(table, (tenant, entity), version, sets):
            begin = f"{table}:{{{tenant}}}"
            arguments: list[str | bytes | int] = [version, str(entity), f"{begin}:set:"]
            for name, rank in sets.items():
                arguments += (name, rank)
            return Call(Script.MEMBERSHIP, f"{begin}:of:{entity}", arguments)
        case OrderedPut():
            return ordered_call([change], FEED_CAP)
        case _:
            raise ValueError(f"a membership is keyed by tenant and entity: {change}")


def ordered_call(members: Sequence[OrderedPut], cap: int) -> Call:
    """The call that puts members into their one set, in their order."""
    first = members[0]
    tenant, *name = first.key
    key = f"{first.table}:{{{tenant}}}:{':'.join(map(str, name))}"
    arguments: list[str | bytes | int] = [cap]
    for member in members:
        arguments += (member.position, member.body)
    return Call(Script.ORDERED, key, arguments)


def _entry(table: str, key: Key) -> str:
    return f"{table}:{':'.join(str(part) for part in key)}"
