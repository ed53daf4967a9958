"""`crm status` as it is called, in this process: starting another one takes longer than the command."""

import asyncio
from pathlib import Path
from typing import NamedTuple

from typer.testing import CliRunner

from replay_tools.cli import app


class Said(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


async def status(folder: Path, *words: str, url: str | None = None) -> Said:
    """With the tables, and the log, at a URL, or on a data folder."""
    environment = {"CRM_POSTGRES_URL": url, "CRM_EVENT_STORE_URL": None}
    called = ["status", "--data", str(folder), *words]
    result = await asyncio.to_thread(CliRunner().invoke, app, called, env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Said(result.exit_code, result.stdout, result.stderr)
