"""JSON Schemas of all events, and the check that what was released can be read for ever.

The released registry is ``released.json`` beside this file: wire name -> version -> JSON Schema of the payload, for
each version that was ever released. This module reads and writes no file itself.
"""

from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Any

import msgspec

from event_schemas.catalog import MODULES
from event_schemas.registry import EventType, UnknownEventType, all_types, of_name
from event_schemas.upcasters import UPCASTERS, Upcaster

RELEASED_FILE = "released.json"

Schema = dict[str, Any]
Released = dict[str, dict[str, Schema]]
"""Wire name -> version (as text: JSON has no other keys) -> JSON Schema."""

_NOTES = {"title", "description", "$schema"}
"""What a schema says to people; free to change."""


class ReleaseRefused(ValueError):
    """The current events cannot be released: stored ones would no longer be read. The message lists the problems."""


def export() -> dict[str, Schema]:
    """``deal.lost.v2`` -> JSON Schema of its payload; the current version of each type."""
    return {f"{entry.name}.v{entry.version}": schema_of(entry) for entry in catalogued()}


def catalogued() -> Iterator[EventType]:
    """The types of the catalog's modules, in the order of wire names; what a test registers is not among them."""
    modules = {module.__name__ for module in MODULES}
    return (entry for entry in all_types() if entry.cls.__module__ in modules)


def schema_of(entry: EventType) -> Schema:
    """The JSON Schema of a type's current version, complete in itself."""
    (root,), parts = msgspec.json.schema_components([entry.cls], ref_template="{name}")
    schema: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_inlined(root, parts),
        "title": f"{entry.name}.v{entry.version}",
    }
    if entry.entity_field is not None:
        schema["x-entity-field"] = entry.entity_field
    if entry.personal:
        schema["x-personal"] = list(entry.personal)
    if entry.bookkeeping:
        schema["x-bookkeeping"] = True
    return schema


def _inlined(node: Any, parts: Mapping[str, Any]) -> Any:
    """Without references, so that a class may be renamed without a change of the schema."""
    if isinstance(node, str):
        return cleandoc(node)  # Python 3.13 strips the indentation of docstrings, earlier ones keep it
    if isinstance(node, dict):
        if (reference := node.get("$ref")) is not None:
            return _inlined(parts[reference], parts)
        return {key: _inlined(value, parts) for key, value in node.items()}
    return [_inlined(item, parts) for item in node] if isinstance(node, list) else node


def parse(released: bytes) -> Released:
    """The released registry of a file's bytes; raises msgspec.ValidationError."""
    return msgspec.json.decode(released, type=Released)


def render(released: Released) -> bytes:
    """The bytes of a released registry, for people to read and version control to compare."""
    return msgspec.json.format(msgspec.json.encode(released, order="sorted"), indent=1) + b"\n"


def release(released: Released) -> Released:
    """The registry with the current versions added; raises ReleaseRefused."""
    if problems := check(released):
        raise ReleaseRefused("\n".join(problems))
    current = {name: dict(versions) for name, versions in released.items()}
    for key, schema in export().items():
        name, _, version = key.rpartition(".v")
        current.setdefault(name, {})[version] = schema
    return current


def check(released: Released, *, upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS) -> list[str]:
    """What keeps stored events from being read by the current classes; () when nothing does. Additions are fine."""
    return [problem for name in sorted(released) for problem in _problems(name, released[name], upcasters)]


def _problems(
    name: str, versions: Mapping[str, Schema], upcasters: Mapping[tuple[str, int], Upcaster]
) -> Iterator[str]:
    try:
        entry = of_name(name)
    except UnknownEventType:
        yield f"{name}: was released and is gone: stored events of it cannot be read"
        return
    newest = max(int(version) for version in versions)
    if entry.version < newest:
        yield f"{name}: v{newest} was released, and the current version is only v{entry.version}"
    for version in range(min(int(version) for version in versions), entry.version):
        if (name, version) not in upcasters:
            yield f"{name}: v{version} has no upcaster to v{version + 1}"
    if (schema := versions.get(str(entry.version))) is not None:
        for difference in _differences(schema, schema_of(entry), ""):
            yield f"{name}: {difference} since v{entry.version} was released: raise the version and add an upcaster"


def _differences(old: Any, new: Any, path: str, *, within: str = "") -> Iterator[str]:
    """What an event of the old schema might break in the new one; ``within`` is the keyword whose value this is."""
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _differences_of_objects(old, new, path, within)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _differences_of_lists(old, new, path, within)
    elif old != new:
        yield f"{path} changed from {old!r} to {new!r}"


def _differences_of_objects(old: Schema, new: Schema, path: str, within: str) -> Iterator[str]:
    fields = within == "properties"
    for key in sorted(old.keys() | new.keys()):
        at = f"{path}.{key}".lstrip(".")
        if key in _NOTES and not fields:
            continue
        if key not in new:
            yield f"{at} is gone"
        elif key in old:
            yield from _differences(old[key], new[key], at, within="" if fields else key)
        elif not fields:  # a new field is fine; one that stored events lack is in ``required``
            yield f"{at} is new"


def _differences_of_lists(old: list[Any], new: list[Any], path: str, within: str) -> Iterator[str]:
    if within == "enum":
        if gone := [code for code in old if code not in new]:
            yield f"{path} lacks {gone}"
    elif within == "required":
        if added := sorted(set(new) - set(old)):
            yield f"{path} has {added}, which stored events lack"
    elif len(old) != len(new):
        yield f"{path} has {len(new)} alternatives instead of {len(old)}"
    else:
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differences(before, after, f"{path}.{index}")
