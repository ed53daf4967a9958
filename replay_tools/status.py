"""`crm status`: where the views, the relay and the process managers are, against the end of the log."""

import sys
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import msgspec
import typer
import uvloop

import write_side.bootstrap
from event_schemas.ports import EventLogUnavailable
from event_schemas.streams import Position
from read_api.platform_progress import (
    SETTINGS,
    GroupProgress,
    ParkedStream,
    ProcessProgress,
    RelayProgress,
    read_parked,
    read_processes,
    read_views,
)
from replay_tools.embedded.folder import DataFolder, default_path
from replay_tools.reaching import Unreachable, log_tables_url, store_url, tables_url
from replay_tools.settings import Settings

_UNREACHABLE: Final = (
    EventLogUnavailable,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,  # refused, reset, timed out
)
SECONDS: Final = 5.0


class Output(StrEnum):
    """How it is printed."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"


class Status(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is told."""

    head: Position
    relay: RelayProgress | None
    groups: Sequence[GroupProgress]
    processes: Sequence[ProcessProgress]
    parked: Sequence[ParkedStream] | None = None
    """Only where it was asked for."""


def status(
    parked: Annotated[bool, typer.Option("--parked", help="List what waits for a person, with the reason.")] = False,
    lanes: Annotated[bool, typer.Option("--lanes", help="In a table: every lane of every view group.")] = False,
    output: Annotated[Output, typer.Option("-o", "--output")] = Output.TABLE,
    data: Annotated[Path, typer.Option("--data", help="Folder of the running platform.")] = default_path(),  # noqa: B008 -- a path, made when the command line is read
) -> None:
    """Show how far view groups, relay and process managers are, and how many events are parked."""
    folder = DataFolder(data)
    found = uvloop.run(read_status(_settings(folder), folder, parked=parked))
    for line in _printed(found, output, lanes=lanes):
        sys.stdout.write(line + "\n")


def _settings(folder: DataFolder) -> Settings:
    """Those of the platform that runs on the folder, by itself or over the servers of `crm stack`."""
    settings = Settings()
    try:
        tables_url(settings, folder)
    except Unreachable:
        return Settings.of_stack(folder)
    return settings


async def read_status(settings: Settings, folder: DataFolder, *, parked: bool = False) -> Status:
    """What the servers say now; raises Unreachable, ClientMissing and InvalidEventStoreUrl."""
    log, tables = store_url(settings, folder), tables_url(settings, folder)
    try:
        async with write_side.bootstrap.event_log(log) as events:
            head = await events.head()
        beside_log = await _asked(log_tables_url(settings, folder), lambda it: read_processes(it, head))
        views, waiting = await _asked(tables, lambda it: _views(it, head, parked=parked))
    except _UNREACHABLE as error:
        raise Unreachable(f"the platform cannot be asked: {type(error).__name__}: {error}".splitlines()[0]) from error
    return Status(head, views.relay, views.groups, beside_log, waiting)


async def _views(connection: Any, head: Position, *, parked: bool) -> Any:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await read_views(connection, head), await read_parked(connection) if parked else None


async def _asked(url: str, ask: Callable[[Any], Any]) -> Any:
    connection = await asyncpg.connect(url, server_settings=SETTINGS, timeout=SECONDS, command_timeout=SECONDS)
    try:
        return await ask(connection)
    finally:
        await connection.close(timeout=SECONDS)


def _printed(found: Status, output: Output, *, lanes: bool) -> Iterator[str]:
    match output:
        case Output.JSON:
            yield msgspec.json.encode(found).decode()
        case Output.NDJSON:
            yield from (msgspec.json.encode(record).decode() for record in _records(found))
        case Output.TABLE:
            yield from _table(found, lanes=lanes)


def _records(found: Status) -> Iterator[dict[str, Any]]:
    yield {"record": "log", "head": found.head}
    if found.relay is not None:
        yield {"record": "relay", **msgspec.to_builtins(found.relay)}
    for group in found.groups:
        whole = msgspec.to_builtins(group)
        its_lanes = whole.pop("lanes")
        yield {"record": "group", **whole}
        yield from ({"record": "lane", "group": group.group, **lane} for lane in its_lanes)
    for process in found.processes:
        yield {"record": "process", **msgspec.to_builtins(process)}
    for stream in found.parked or ():
        yield {"record": "parked", **msgspec.to_builtins(stream)}


def _table(found: Status, *, lanes: bool) -> Iterator[str]:
    yield f"log        {found.head:,} is its last position"
    if found.relay is not None:
        yield f"relay      {found.relay.position:,} is published, {found.relay.lag:,} behind"
    yield from _aligned(
        ("group", "lanes", "behind", "position", "lag", "parked"),
        [
            (group.group, _lanes_of(group), group.behind, group.position, group.lag, group.parked)
            for group in found.groups
        ],
    )
    if lanes:
        yield from _aligned(
            ("group", "lane", "position", "published", "reached", "lag"),
            [
                (group.group, lane.lane, lane.position, lane.relayed or 0, lane.reached, lane.lag)
                for group in found.groups
                for lane in group.lanes
            ],
        )
    processes = [(process.process, process.position, process.lag) for process in found.processes]
    yield from _aligned(("process", "position", "lag"), processes)
    for stream in found.parked or ():
        where = f"{stream.group}/{stream.view}" if stream.view else stream.group
        yield f"parked in {where}: {stream.stream}, {stream.events:,} events from {stream.position:,} ({stream.type})"
        yield f"  since {stream.parked_at:%Y-%m-%d %H:%M:%S} UTC: {' '.join(stream.error.split())}"


def _lanes_of(group: GroupProgress) -> str | int:
    return group.lanes[0].lane if len(group.lanes) == 1 else len(group.lanes)


def _aligned(heads: Sequence[str], rows: Sequence[Sequence[str | int]]) -> Iterator[str]:
    if not rows:
        return
    cells = [heads, *([f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(heads))]
    yield ""
    for row in cells:
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join((first.strip().ljust(widths[0]), *others))
