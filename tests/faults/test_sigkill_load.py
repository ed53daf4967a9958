"""The load of the sample survives SIGKILLs at random moments."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.platform import Platform, start
from tests.support.processes import survivors, tree
from tests.support.sample_figures import Sum, figures

pytestmark = pytest.mark.slow

KILLS = 20
SEED = 20170630
TOTALS = "{forecast{totals{open{...F} weighted{...F} won{...F} lost{...F}}}} fragment F on Figure {count amount{minor}}"


def progress(platform: Platform) -> str:
    """What readiness says of the load."""
    return platform.get("/readyz")[1]


def test_twenty_kills_end_in_the_same_figures(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """20 SIGKILLs at random moments of the load, each followed by a start, end in the figures of the CSV."""
    chance = random.Random(SEED)
    during_load = 0
    for number in range(KILLS):
        platform = start(tmp_path / "data")
        platform.wait_until(200, "/livez", seconds=60)
        time.sleep(chance.uniform(0, 1.2))  # the moment is what is tested: anywhere in the load, or before it
        during_load += platform.get("/readyz")[0] == 503
        processes = tree(platform.process.pid)
        platform.kill()
        assert survivors(processes, seconds=10) == [], f"kill {number + 1}"
    platform = start(tmp_path / "data")
    platform.wait_until(seconds=180)
    totals = platform.graphql(TOTALS, token=platform.token())["forecast"]["totals"]
    platform.interrupt()
    figure(f"{KILLS} SIGKILLs (seed {SEED}), {during_load} before the load had ended; then {totals}")
    got = {name: Sum(part["count"], int(part["amount"]["minor"])) for name, part in totals.items()}
    assert got == figures(None)[""]
    assert during_load >= KILLS // 2
