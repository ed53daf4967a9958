"""The command `crm`. Data goes to stdout, everything else to stderr.

Exit codes: 0 ok, 1 failed, 2 usage, 3 unavailable (a port or folder in use, a part down), 4 conflict, 5 mismatch.
"""

import sys
from collections.abc import Mapping
from typing import ClassVar

import typer

from replay_tools.lazy_commands import LazyCommands


class Commands(LazyCommands):
    """In the order of the help."""

    places: ClassVar[Mapping[str, str]] = {
        "up": "replay_tools.up_command:up",
        "stack": "replay_tools.stack_command:stack",
        "api": "replay_tools.api_command:api",
        "relay": "replay_tools.relay_command:relay",
        "worker": "replay_tools.worker_command:worker",
        "topics": "replay_tools.topics_command:topics",
        "status": "replay_tools.status:status",
        "import": "replay_tools.import_command:import_file",
        "token": "replay_tools.token_command:token",
        "schema": "replay_tools.schema_command:schema",
    }


app = typer.Typer(
    name="crm", cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)


@app.callback()
def crm() -> None:
    """All commands are found by name, none is registered: without this, there would be nothing to call."""


def main() -> None:
    """Entry point."""
    sys.exit(app())
