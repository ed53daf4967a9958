"""The sample's load through `crm up`, from an empty folder: seconds, and memory of all its processes together."""

import asyncio
import tempfile
import time
from pathlib import Path

import psutil

from tests.support.platform import start
from tests.support.processes import tree

NAME = "load"
EVERY_SECONDS = 0.2


def shared_out(pid: int) -> float:
    """Megabytes of a process tree, each page divided among those that share it (PSS)."""
    total = 0
    for process in tree(pid):
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
            continue  # it ended between being listed and being asked
    return total / 1e6


async def main() -> None:
    """Load once and print."""
    with tempfile.TemporaryDirectory(prefix="eventcrm-bench-") as folder:
        started = time.monotonic()
        platform = start(Path(folder) / "data")
        peak = 0.0
        try:
            while platform.get("/readyz")[0] != 200 and platform.process.poll() is None:
                peak = max(peak, shared_out(platform.process.pid))
                await asyncio.sleep(EVERY_SECONDS)
            seconds = time.monotonic() - started
            said = next((line for line in platform.output().splitlines() if line.startswith("Loaded")), "not loaded")
        finally:
            platform.interrupt()
    print(f"{said} From start to ready {seconds:.1f} s (limit 60 s); peak memory {peak:.0f} MB (limit 400 MB)")
