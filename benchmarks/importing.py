"""Importing leads with all that belongs to it, beside reading the same CSV, encoding it and copying it into a table.

The table has the log's columns and indexes. The import is `crm import` as a process, from its start to its last
acknowledged event: mapped, checked, decided, sealed, hashed, appended with versions. Its memory is that of all its
processes, each page divided among those that share it, once for 100,000 rows and once for ten times as many.
"""

import asyncio
import csv
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import psutil
import uvloop

import write_side.adapters.migrations
from benchmarks.compare import Goal, compare
from benchmarks.scratch import scratch
from event_schemas.streams import TenantId, stream_name
from replay_tools.embedded.postgres import start_postgres

NAME = "importing"
ROWS = 100_000
MORE = 10
GOAL = 0.3
LIMIT_MB = 300
SECRET = "s" * 32
TABLE = "create table copied (like log_events including defaults including indexes)"
MAPPING = """
kind = "lead"
[columns]
external_id = "Id"
name = "Name"
email = "Email"
phone = "Phone"
company = "Company"
source = "Source"
campaign = "Campaign"
job_title = "Title"
[attributes]
columns = "others"
"""
HEADER = ("Id", "Name", "Email", "Phone", "Company", "Source", "Campaign", "Title", "City", "Visits")


def write_leads(path: Path, rows: int) -> None:
    """A file of leads, the same each time."""
    chance = Random(1)
    first, last = ("Anna", "Bob", "Carla", "David", "Eva", "Gita"), ("Meyer", "Singh", "Garcia", "Kowalski", "Tanaka")
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(rows):
            one, other = chance.choice(first), chance.choice(last)
            mail, phone = f"{one}.{other}.{number}@example.com".lower(), f"+49 30 {chance.randrange(10**7):07}"
            company, source = f"Company {number % 5000}", chance.choice(("Google", "Direct", "Referral"))
            rest = (chance.choice(("CEO", "CTO", "Buyer")), chance.choice(("Berlin", "Mumbai", "Lima")))
            visits = chance.randrange(50)
            writer.writerow((f"L{number:08}", f"{one} {other}", mail, phone, company, source, "Spring", *rest, visits))


def records(path: Path) -> Iterator[tuple[Any, ...]]:
    """What is copied: one row of the log's columns per row of the file."""
    now, no_hash = datetime.now(UTC), bytes(32)
    with path.open(newline="") as file:
        for position, row in enumerate(csv.DictReader(file), 1):
            lead, event, command = uuid4(), uuid4(), uuid4()
            stream = stream_name("lead", TenantId("demo"), lead)
            metadata = orjson.dumps({"eventId": event, "type": "lead.captured", "stream": stream, "recordedAt": now})
            data = orjson.dumps(row)
            yield position, "demo", stream, 1, lead, event, command, "lead.captured", now, metadata, data, no_hash


COLUMNS = (
    *("position", "tenant", "stream", "stream_version", "entity_id", "event_id", "command_id", "type"),
    *("recorded_at", "metadata", "data", "hash"),
)


async def copied(connection: "asyncpg.Connection[asyncpg.Record]", path: Path) -> float:
    """Rows a second, read, encoded and copied."""
    await connection.execute("truncate copied")
    started = time.perf_counter()
    await connection.copy_records_to_table("copied", records=records(path), columns=COLUMNS)
    return ROWS / (time.perf_counter() - started)


async def imported(url: str, path: Path) -> float:
    """Rows a second, imported into a tenant of its own; without the second in which Python starts."""
    summary, _ = await run_import(url, path)
    return float(summary["rows"] / summary["seconds"])


async def run_import(url: str, path: Path) -> tuple[dict[str, Any], float]:
    """The summary, and the most memory in MB."""
    command = ("-m", "replay_tools", "import", path, "--map", path.with_name("leads.toml"), "-o", "json")
    tenant = f"t{uuid4().hex[:12]}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *command, "--tenant", tenant, "--data", path.parent),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "CRM_EVENT_STORE_URL": url, "CRM_MASTER_SECRET": SECRET},
    )
    watching = asyncio.create_task(peak_memory(process.pid))
    out, _ = await process.communicate()
    assert process.returncode == 0, process.returncode
    summary: dict[str, Any] = json.loads(out)
    assert summary["accepted"] == summary["rows"], summary
    return summary, await watching


async def peak_memory(pid: int) -> float:
    """The most that a process and its children take, in MB (PSS), until it has ended."""
    peak = 0.0
    while psutil.pid_exists(pid):
        try:
            process = psutil.Process(pid)
            tree = [process, *process.children()]
            peak = max(peak, sum(one.memory_full_info().pss for one in tree) / 1e6)
        except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
            continue  # it ended between being listed and being asked
        finally:
            await asyncio.sleep(0.5)
    return peak


async def measure(url: str, folder: Path) -> None:
    """The ratio, then the memory."""
    await write_side.adapters.migrations.upgrade(url)
    path = folder / "leads.csv"
    write_leads(path, ROWS)
    path.with_name("leads.toml").write_text(MAPPING)
    connection = await asyncpg.connect(url)
    await connection.execute(TABLE)
    await compare(
        f"import of {ROWS:,} leads, to reading, encoding and COPY",
        candidate=partial(imported, url, path),
        baseline=partial(copied, connection, path),
        goal=Goal(at_least=GOAL),
        rounds=3,
    )
    await connection.close()
    _, small = await run_import(url, path)
    write_leads(path, ROWS * MORE)
    summary, large = await run_import(url, path)
    met = "met" if max(small, large) < LIMIT_MB else "MISSED"
    print(
        f"memory of an import: {small:.0f} MB for {ROWS:,} rows, {large:.0f} MB for {ROWS * MORE:,} "
        f"({summary['seconds']:.0f} s), limit {LIMIT_MB} MB: {met}"
    )


def main() -> None:
    """Measure and print, on a server of its own, which this thread must start."""
    with scratch() as data, start_postgres(data) as postgres:
        uvloop.run(measure(postgres.url, data.path))
