"""`crm status`: what operators are told of view groups, relay, process managers and parked events."""

import json
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest

from event_schemas.topics import ENTITY_LANES, lane_of
from projections.bootstrap import postgres_runner
from tests.support.events import store
from tests.support.histories import everything
from tests.support.status import status
from tests.support.views import project_rows


async def put(url: str, table: str, *rows: tuple[Any, ...]) -> None:
    """Rows as other parts of the platform write them."""
    connection = await asyncpg.connect(url)
    try:
        places = ", ".join(f"${place}" for place in range(1, len(rows[0]) + 1))
        await connection.executemany(f"insert into {table} values ({places})", rows)
    finally:
        await connection.close()


async def test_lanes_are_told_against_what_was_published(crm_database: str, tmp_path: Path) -> None:
    """One lane has something to read, the others are where the relay is; the log is longer than what was published."""
    events = everything(Random(41), 100)
    head, last = events[-1].position, events[-2]
    await store(crm_database, events)
    async with postgres_runner(crm_database, lane_of=lane_of) as runner:
        await runner.resume(ENTITY_LANES)
        await runner.project([event for event in events[:-2] if lane_of(event.stream) != lane_of(last.stream)])
    published = {lane_of(event.stream): event.position for event in events[:-1]}
    await put(crm_database, "relayed", ("log", 0, last.position), *((*lane, at) for lane, at in published.items()))
    await put(crm_database, "process_checkpoints", ("conversion", 3))
    said = await status(tmp_path, "-o", "json", url=crm_database)
    told = json.loads(said.out)
    assert (said.code, said.err, told["head"]) == (0, "", head)
    assert told["relay"] == {"position": last.position, "lag": 1}
    assert told["processes"] == [{"process": "conversion", "position": 3, "lag": head - 3}]
    assert "parked" not in told
    (group,) = told["groups"]
    assert (group["group"], group["position"], group["lag"], group["behind"]) == ("postgres", 0, head, 1)
    lanes = {lane["lane"]: lane for lane in group["lanes"]}
    assert len(lanes) == len(ENTITY_LANES)
    behind = lanes.pop(str(lane_of(last.stream)))
    assert behind == {
        "lane": str(lane_of(last.stream)),
        "position": 0,
        "reached": 0,
        "relayed": published[lane_of(last.stream)],
        "lag": head,
        "behind": True,
    }
    assert {(lane["reached"], lane["lag"], lane["behind"]) for lane in lanes.values()} == {(last.position, 1, False)}


async def test_the_whole_log_is_one_lane(crm_database: str, tmp_path: Path) -> None:
    """In the embedded profile; as a table, and as one record a line."""
    events = everything(Random(42), 50)
    await store(crm_database, events)
    await project_rows(crm_database, events[:-1])
    said = await status(tmp_path, url=crm_database)
    lines = [line.split() for line in said.out.splitlines() if line]
    assert lines[0][:2] == ["log", f"{len(events)}"]
    assert lines[1] == ["group", "lanes", "behind", "position", "lag", "parked"]
    assert lines[2] == ["postgres", "the", "whole", "log", "1", f"{len(events) - 1}", "1", "0"]
    said = await status(tmp_path, "-o", "ndjson", url=crm_database)
    records = [json.loads(line) for line in said.out.splitlines()]
    assert [record["record"] for record in records] == ["log", "group", "lane"]
    assert records[2]["lane"] == "the whole log"
    said = await status(tmp_path, "--lanes", url=crm_database)
    assert ["group", "lane", "position", "published", "reached", "lag"] in [x.split() for x in said.out.splitlines()]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (None, "nothing runs on"),
        ("postgresql://nobody:nothing@127.0.0.1:1/none", "cannot be asked"),
        ("mysql://127.0.0.1/none", "cannot be asked"),
    ],
)
async def test_what_is_down_is_one_line(tmp_path: Path, url: str | None, says: str) -> None:
    """No platform on the folder, or a server that does not answer: exit code 3, and nothing on stdout."""
    said = await status(tmp_path, url=url)
    assert (said.code, said.out) == (3, "")
    assert says in said.err
    assert len(said.err.splitlines()) == 1


async def test_a_database_without_tables_is_one_line(database: str, tmp_path: Path) -> None:
    """Such as one that nobody has migrated."""
    said = await status(tmp_path, url=database)
    assert (said.code, said.out, len(said.err.splitlines())) == (3, "", 1)
