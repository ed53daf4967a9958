"""Java programs come by Maven, from wherever the user's settings of Maven say."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from typing import Final

from replay_tools.embedded.errors import ServerFailed, ToolMissing
from replay_tools.embedded.process import tethered

DEPENDENCY_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"


def run_maven(goal: str, options: Sequence[str], *, fetching: str) -> None:
    """Run one goal of the dependency plugin; ToolMissing without Maven, ServerFailed with its first complaint."""
    program = shutil.which("mvn")
    if program is None:
        raise ToolMissing(f"{fetching} comes by Maven, which is not here: install it (Debian: apt install maven)")
    quietly = ("--batch-mode", "--quiet", "--no-transfer-progress", "--strict-checksums")
    done = subprocess.run(
        tethered([program, *quietly, f"{DEPENDENCY_PLUGIN}:{goal}", *options], signal.SIGTERM),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=os.environ,
        check=False,
    )
    if done.returncode != 0:
        words = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        complaint = next((line for line in words if "[ERROR]" in line), words[0] if words else "no message")
        raise ServerFailed(f"{fetching} could not be fetched: {complaint.removeprefix('[ERROR]').strip()}")
