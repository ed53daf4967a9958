"""The control of the fault tests: `crm worker` with its watermark check switched off.

Nothing is skipped as seen before, no owner is fenced, and a worker begins with offsets that are a little old, as those
that a consumer commits now and then are. With the check on, none of that loses or doubles anything.
"""

import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from unittest.mock import patch

from event_schemas.envelope import StoredEvent
from event_schemas.streams import START, Position
from event_schemas.topics import Lane, lane_of
from projections.engines.lane_records import Batch, Records
from projections.engines.lane_records import read as read_with_check
from projections.runner import NO_OFFSETS, Offsets, Runner
from projections.sinks.statements import statements as checked_statements
from replay_tools.cli import main

STALE = 50
"""Records by which an offset is too old."""

_project = Runner.project
_next_offsets = Runner.next_offsets


def read(records: Records, seen: Mapping[Lane, Position]) -> Batch:
    """Every record is news, and follows on what came before."""
    batch = Batch()
    for lane, some in records.items():
        for record in some:
            place = int(dict(record.headers)["prev_position"])
            one = read_with_check({lane: [record]}, {lane: Position(place)})
            batch.events += one.events
            batch.offsets |= one.offsets
    return batch


async def project(self: Runner[Any], events: Sequence[StoredEvent], *, offsets: Offsets = NO_OFFSETS) -> Any:
    """Whatever the watermarks say. Those of other lanes stay: the log is not read again from its beginning for them."""
    self.positions |= dict.fromkeys({lane_of(stored.stream) for stored in events}, START)
    return await _project(self, events, offsets=offsets)


async def next_offsets(self: Runner[Any], of: Collection[Lane]) -> Mapping[Lane, int]:
    """A little too old."""
    return {lane: max(0, offset - STALE) for lane, offset in (await _next_offsets(self, of)).items()}


def statements(file: str) -> Mapping[str, str]:
    """Watermarks move wherever they are."""
    found = dict(checked_statements(file))
    if "move" in found:
        found["move"] = found["move"].replace("and w.position = m.old", "")
    return found


if __name__ == "__main__":
    sys.argv = ["crm", "worker"]
    with (
        patch("projections.engines.lanes.read", read),
        patch.object(Runner, "project", project),
        patch.object(Runner, "next_offsets", next_offsets),
        patch("projections.sinks.progress.statements", statements),
    ):
        main()
