"""The command line of `crm relay`."""

import logging
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from replay_tools.embedded.folder import DataFolder, default_path
from replay_tools.ending import Unavailable
from replay_tools.reaching import kafka_url, store_url
from replay_tools.settings import Settings
from write_side.adapters.kafka_connection import survive_closed_connections
from write_side.application.relay import TransportNotReady
from write_side.entrypoints import relay_worker


def relay(
    data: Annotated[Path, typer.Option("--data", help="Folder of the running platform, where no URL is set.")] = (
        default_path()  # noqa: B008 -- a path, made when the command line is read
    ),
) -> None:
    """Publish the log to Kafka, in the foreground. Several may run: one leads, the others stand by."""
    settings = Settings()
    log_url, servers = store_url(settings, DataFolder(data)), kafka_url(settings)
    log_to_stderr()
    survive_closed_connections()
    try:
        uvloop.run(
            relay_worker.run(
                event_store_url=log_url,
                kafka_url=servers,
                kafka_prefix=settings.kafka_prefix,
            )
        )
    except TransportNotReady as error:
        raise Unavailable(str(error)) from error


def log_to_stderr() -> None:
    """What the relay does, and what it waits for."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("write_side").setLevel(logging.INFO)
    # what it says of an outage, several times a second, the relay says once
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # futures that a producer leaves behind when another has shut it out
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
