"""The command line of `crm stack`."""

from pathlib import Path
from typing import Annotated

import typer

from replay_tools import stack as servers
from replay_tools.embedded.folder import default_path


def stack(
    data: Annotated[Path, typer.Option("--data", help="Folder of the embedded servers and secrets.")] = default_path(),  # noqa: B008 -- a path, made when the command line is read
) -> None:
    """Run the full profile's servers in the foreground: Kafka, Elasticsearch, PostgreSQL, Valkey. Ctrl-C stops them."""
    servers.run(data)
