"""A real set of leads, as a user brings it in: `crm import`, then the funnel by source through GraphQL."""

import csv
import gzip
import json
import subprocess
import time
from collections import Counter
from pathlib import Path
from shutil import copy
from typing import Any

import pytest

from tests.support.platform import CRM, Platform

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "lead-scoring" / "leads.csv.gz"
FUNNEL = (
    "{funnel(groupBy:[SOURCE]){totals{...F} groups{key figures{...F}}}} fragment F on FunnelFigures{captured converted}"
)
TENANT = "leads"

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not PUBLISHED.is_file(), reason=f"the published leads are not at {PUBLISHED}"),
]


def imported(platform: Platform, *arguments: str) -> dict[str, Any]:
    """The summary of `crm import` into the running platform."""
    command = (*CRM, "import", *arguments, "--tenant", TENANT, "--data", str(platform.data), "-o", "json")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def test_the_funnel_by_source_is_that_of_the_file(platform: Platform, tmp_path: Path) -> None:
    """9,240 leads, 3,561 of them converted, and each source as the CSV has it; the same file again changes nothing."""
    file = Path(copy(PUBLISHED, tmp_path))
    arguments = (str(file), "--kind", "lead", "--map", "lead-scoring")
    summary = imported(platform, *arguments)
    assert (summary["accepted"], summary["rejected"]) == (9_240, 0)
    again = imported(platform, *arguments)
    assert (again["unchanged"], again["events"]) == (9_240, 0)

    with gzip.open(PUBLISHED, "rt", newline="") as opened:
        rows = list(csv.DictReader(opened))
    captured = Counter(row["Lead Source"] for row in rows)
    converted = Counter(row["Lead Source"] for row in rows if row["Converted"] == "1")
    expected = {source: {"captured": captured[source], "converted": converted[source]} for source in captured}

    funnel = caught_up(platform, len(rows))
    assert funnel["totals"] == {"captured": 9_240, "converted": 3_561}
    assert {group["key"][0]: group["figures"] for group in funnel["groups"]} == expected


def caught_up(platform: Platform, leads: int) -> dict[str, Any]:
    """The funnel once the views have all leads and their conversions; an import hands out no token."""
    token = platform.token(role="viewer", tenant=TENANT)
    deadline, before = time.monotonic() + 60, None
    while time.monotonic() < deadline:
        funnel: dict[str, Any] = platform.graphql(FUNNEL, token=token)["funnel"]
        if funnel["totals"]["captured"] == leads and funnel == before:
            return funnel
        before = funnel
        time.sleep(0.5)  # two answers that are the same tell that nothing is under way
    raise AssertionError(f"the views did not catch up: {before}")
