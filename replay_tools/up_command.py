"""The command line of `crm up`."""

from pathlib import Path
from typing import Annotated

import typer

from replay_tools import up as platform
from replay_tools.embedded.folder import DataFolder, default_path
from replay_tools.settings import Settings


def up(
    data: Annotated[Path, typer.Option("--data", help="Folder of the embedded servers and secrets.")] = default_path(),  # noqa: B008 -- a path, made when the command line is read
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on 127.0.0.1.")] = 8000,
    profile: Annotated[
        platform.Profile, typer.Option("--profile", help="full: over Kafka, Faust and Elasticsearch (crm stack).")
    ] = platform.Profile.EMBEDDED,
) -> None:
    """Run everything in the foreground: embedded servers where no URL is given, projections, API. Ctrl-C stops it."""
    folder = DataFolder(data)
    settings = Settings() if profile is platform.Profile.EMBEDDED else Settings.of_stack(folder)
    platform.run(settings, folder, port, profile)
