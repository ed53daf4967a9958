"""Changes -> items of a bulk request, and what its answer says. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from projections.changes import Key, VersionedChange, VersionedDelete, VersionedPut
from projections.errors import Refused, SinkLost, SinkUnavailable

_encode = msgspec.json.Encoder().encode
GONE: Final = "index_not_found_exception"
_CLOSED: Final = "index_closed_exception"
_STALE: Final = 409
_NOT_TAKEN: Final = 400
_MOST_BYTES: Final = 4_000_000
"""Of one request; Elasticsearch takes 100 MB, and is best at a few."""

Item = Mapping[str, Any]
"""What the server says of one operation."""

Operations = list[bytes]
"""Lines of a bulk request: an action, its body, and so on."""


class Newest(NamedTuple):
    """The last change of an entry in a batch."""

    id: str
    change: VersionedPut | VersionedDelete


def entry_id(key: Key) -> str:
    """``tenant/kind/id``."""
    return "/".join(map(str, key))


def newest(changes: Sequence[VersionedChange]) -> list[Newest]:
    """One change of each entry; their versions only grow."""
    last: dict[Key, VersionedPut | VersionedDelete] = {}
    for change in changes:
        if not isinstance(change, VersionedPut | VersionedDelete):
            raise TypeError(f"Elasticsearch holds entries, and nothing of a {type(change).__name__}")
        last[change.key] = change
    return [Newest(entry_id(key), change) for key, change in last.items()]


def operation(of: str, routing: str, body: Mapping[str, Any], **action: Any) -> Operations:
    """An entry's two lines; raises Refused for text that is no Unicode."""
    try:
        return [_encode({"index": {"_id": of, "routing": routing, **action}}), _encode(body)]
    except UnicodeEncodeError as error:
        raise Refused(f"{of}: {error}") from error


def versioned(of: str, change: VersionedPut | VersionedDelete, body: Mapping[str, Any]) -> Operations:
    """An entry that is taken unless there is a newer one. The same again is the same, so it is taken too."""
    return operation(of, str(change.key[0]), body, version=change.version, version_type="external_gte")


def requests(items: Iterable[Operations]) -> list[Operations]:
    """As few requests as their size allows; none is empty."""
    found: list[Operations] = []
    size = _MOST_BYTES
    for item in items:
        more = sum(map(len, item)) + len(item)
        if size + more > _MOST_BYTES:
            found.append([])
            size = 0
        found[-1].extend(item)
        size += more
    return found


def items_of(answer: Mapping[str, Any]) -> list[Item]:
    """What became of each operation of a request, in their order."""
    return [item for each in answer["items"] for item in each.values()]


def stale(items: Sequence[Item]) -> int:
    """How many entries of a request were there in a newer version.

    Raises what the others say, the least to blame first: SinkUnavailable, SinkLost, Refused.
    """
    failed = [item for item in items if "error" in item]
    late = [each for each in failed if each["status"] == _STALE]
    gone = [each for each in failed if each["error"]["type"] == GONE]
    refused = [each for each in failed if each["status"] == _NOT_TAKEN and each["error"]["type"] != _CLOSED]
    if len(failed) > len(late) + len(gone) + len(refused):
        other = next(each for each in failed if each not in (*late, *gone, *refused))
        raise SinkUnavailable(f"Elasticsearch: {_told(other)}")
    if gone:
        raise SinkLost(f"Elasticsearch: {_told(gone[0])}")
    if refused:
        raise Refused(_told(refused[0]))
    return len(late)


def _told(item: Item) -> str:
    return f"{item['error']['type']}: {item['error'].get('reason', '')}"
