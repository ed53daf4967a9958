"""`crm import` as a process on a real log: what it prints, how it ends, and that a SIGKILL changes nothing."""

import asyncio
import csv
import gzip
import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from event_schemas.codec import decode
from event_schemas.envelope import Recorded
from event_schemas.registry import Event
from event_schemas.streams import START
from tests.support.processes import survivors, tree
from tests.support.secrets import MASTER
from write_side.bootstrap import postgres_store

MAPPING = """
kind = "lead"
[columns]
external_id = "Id"
name = "Name"
email = "Mail"
[lead]
qualified = { column = "Won", equals = "1" }
converted = { column = "Won", equals = "1" }
"""


class Crm:
    """The command on one database."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        (folder / "leads.toml").write_text(MAPPING)

    def file(self, rows: int, name: str = "leads.csv") -> Path:
        """A file of so many leads; every third is converted."""
        path = self.folder / name
        with path.open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(("Id", "Name", "Mail", "Won"))
            writer.writerows((n, f"Name {n}", f"n{n}@example.com", int(n % 3 == 0)) for n in range(rows))
        return path

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """`crm import` with these words."""
        command = (
            sys.executable,
            "-m",
            "replay_tools",
            "import",
            *map(str, words),
            "--data",
            str(self.folder / "data"),
        )
        environment = {**os.environ, "CRM_EVENT_STORE_URL": self.url, "CRM_MASTER_SECRET": MASTER.decode()}
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
        )

    def run(self, *words: str | Path) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        process = self.start(*words)
        out, said = process.communicate(timeout=120)
        assert "Traceback" not in said, said
        return process.returncode, out, said

    def leads(self, path: Path, *words: str) -> dict[str, int]:
        """The summary of an import of leads, which must succeed."""
        code, out, said = self.run(path, "--kind", "lead", "--map", self.folder / "leads.toml", "-o", "json", *words)
        assert code == 0, said
        summary: dict[str, int] = json.loads(out)
        return summary

    async def recorded(self) -> list[Recorded[Event]]:
        """The whole log."""
        async with postgres_store(self.url, master_secret=MASTER) as store:
            return [decode(stored) for stored in await store.read_all(after=START, limit=1_000_000)]

    async def types(self) -> Counter[str]:
        """How many events of each type."""
        return Counter(one.meta.type for one in await self.recorded())


@pytest.fixture
def crm(crm_database: str, tmp_path: Path) -> Crm:
    """On an empty log."""
    return Crm(crm_database, tmp_path)


@pytest.mark.parametrize("processes", ["1", "3"])
async def test_an_import_from_file_to_undo(crm: Crm, processes: str) -> None:
    """The summary is on stdout and nothing else; again nothing is sent; undo archives what can be."""
    path = crm.file(300)
    path.write_text(path.read_text() + "bad,,nowhere,0\n")
    summary = crm.leads(path, "--processes", processes)
    assert {name: summary[name] for name in ("rows", "accepted", "unchanged", "rejected", "events")} == {
        "rows": 301,
        "accepted": 300,
        "unchanged": 0,
        "rejected": 1,
        "events": 500,
    }
    assert summary["seconds"] > 0
    with (crm.folder / "leads.csv.errors.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["row"], row["field"], row["code"], row["value"]) == ("302", "email", "INVALID_VALUE", "nowhere")
    again = crm.leads(path, "--processes", processes)
    assert (again["rows"], again["accepted"], again["unchanged"], again["rejected"]) == (301, 0, 300, 1)
    code, out, _ = crm.run("undo", str(summary["batch"]), "-o", "json")
    undone = json.loads(out)
    assert (code, undone["created"], undone["archived"], len(undone["kept"])) == (1, 300, 200, 100)
    types = await crm.types()
    assert (types["lead.captured"], types["lead.converted"], types["lead.archived"]) == (300, 100, 200)


async def test_a_killed_import_goes_on(crm: Crm) -> None:
    """Killed at random moments and started again, an import has every event once, and its batch is finished once."""
    path = crm.file(2_000)
    moments = random.Random(7)
    for _ in range(5):
        process = crm.start(path, "--map", crm.folder / "leads.toml", "--processes", "2")
        assert process.stderr is not None
        process.stderr.readline()  # says how it reads the file, then begins
        await asyncio.sleep(moments.uniform(0.05, 1.0))
        processes = tree(process.pid)
        process.kill()
        process.communicate()
        assert survivors(processes, seconds=10) == []
    summary = crm.leads(path, "--processes", "2")
    assert (summary["rows"], summary["rejected"]) == (2_000, 0)
    assert summary["unchanged"] > 0, "no run got as far as a row before it was killed"
    assert await crm.types() == {
        "batch.started": 1,
        "lead.captured": 2_000,
        "lead.qualified": 667,
        "lead.converted": 667,
        "batch.finished": 1,
    }
    versions = Counter((one.meta.stream, one.meta.stream_version) for one in await crm.recorded())
    assert set(versions.values()) == {1}


async def test_a_dry_run_leaves_the_log_alone(crm: Crm) -> None:
    """A dry run answers as the import would, and stores nothing."""
    summary = crm.leads(crm.file(30), "--dry-run")
    assert (summary["accepted"], summary["events"]) == (30, 50)
    assert await crm.types() == {}


async def test_a_truncated_archive_ends_in_one_line(crm: Crm) -> None:
    """What came before is imported and summed up; then one line says how far it got, and the code is 1."""
    path = crm.folder / "leads.csv.gz"
    packed = gzip.compress(crm.file(5_000, "whole.csv").read_bytes())
    path.write_bytes(packed[: len(packed) // 2])
    code, out, said = crm.run(path, "--map", crm.folder / "leads.toml", "-o", "json", "--processes", "2")
    assert (code, "cut off after row" in said.splitlines()[-1]) == (1, True)
    accepted = json.loads(out)["accepted"]
    types = await crm.types()
    assert types["lead.captured"] == accepted > 100
    assert types["batch.finished"] == 0


async def test_a_damaged_archive_imports_nothing(crm: Crm) -> None:
    """An archive whose check sum is wrong could hold anything: not a row of it is taken."""
    path = crm.folder / "leads.csv.gz"
    packed = bytearray(gzip.compress(crm.file(5_000, "whole.csv").read_bytes()))
    packed[-6] ^= 0xFF
    path.write_bytes(packed)
    code, _, said = crm.run(path, "--map", crm.folder / "leads.toml")
    assert (code, "nothing was imported" in said) == (1, True)
    assert await crm.types() == {}


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["leads.csv"], 2, "crm import FILE --map"),
        (["none.csv", "--map", "leads.toml"], 2, "no such file"),
        (["leads.csv", "--map", "none"], 2, "packaged mappings are lead-scoring"),
        (["leads.csv", "--map", "leads.toml", "--kind", "deal"], 2, "is for the kind lead, not deal"),
        (["leads.csv", "--map", "leads.toml", "--kind", "boat"], 2, "boat"),
        (["leads.csv", "--map", "leads.toml", "--tenant", "A B"], 2, "no tenant"),
        (["leads.csv", "--map", "bad.toml"], 2, "line 2"),
        (["leads.csv", "--map", "leads.toml", "--as-of-column", "When"], 1, "'When' not found"),
        (["semicolons.csv", "--map", "commas.toml"], 1, "is the delimiter right?"),
        (["undo", "4d0aa0c6-8f8a-5b4a-9a52-1f0c8b5b7d11"], 1, "no import batch"),
        (["undo", "seven"], 2, "no batch"),
    ],
)
async def test_whatever_is_wrong_is_one_line(crm: Crm, words: list[str], code: int, expected: str) -> None:
    """Mistakes end in one clear line and the right exit code, and nothing is stored."""
    crm.file(3)
    (crm.folder / "bad.toml").write_text("kind = 'lead'\n[columns\n")
    (crm.folder / "semicolons.csv").write_text("Id;Name;Mail;Won\n1;x;;\n")
    (crm.folder / "commas.toml").write_text(MAPPING + "\n[file]\ndelimiter = ','\n")
    found = [str(crm.folder / word) if "." in word else word for word in words]
    ended, out, said = crm.run(*found)
    assert (ended, out, expected in said.strip().splitlines()[-1]) == (code, "", True), said
    assert await crm.types() == {}


def test_nothing_running_is_one_line(tmp_path: Path) -> None:
    """Without a platform on the data folder, or with a log that does not answer, the code is 3."""
    crm = Crm("", tmp_path)
    path = crm.file(3)
    code, _, said = crm.run(path, "--map", tmp_path / "leads.toml")
    assert (code, len(said.splitlines()), "nothing runs on" in said) == (3, 1, True)
    crm.url = "postgresql://crm@127.0.0.1:1/crm"
    code, _, said = crm.run(path, "--map", tmp_path / "leads.toml")
    assert (code, len(said.splitlines()), "does not answer" in said) == (3, 1, True)
