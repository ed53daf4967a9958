"""The command line of `crm worker`."""

import asyncio
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from projections.engines.cluster import Cluster
from projections.engines.faust_app import LaneApp
from projections.engines.faust_consumer import LaneConsumer
from projections.worker_bootstrap import WorkerParts, run_workers, worker_groups
from replay_tools.embedded.folder import DataFolder, default_path
from replay_tools.ending import Exit, fail
from replay_tools.reaching import Unreachable, kafka_url, master_key, store_url
from replay_tools.settings import Settings
from write_side.adapters.event_logs import open_event_log

NO_REDIS = "CRM_REDIS_URL is not set: name the cards' store, such as CRM_REDIS_URL=redis://127.0.0.1:6379"


def worker(
    group: Annotated[
        str | None, typer.Option("--group", help="One view group only: postgres, cards or search.")
    ] = None,
    data: Annotated[Path, typer.Option("--data", help="Folder of the running platform, where no URL is set.")] = (
        default_path()  # noqa: B008 -- a path, made when the command line is read
    ),
) -> None:
    """Build the views from Kafka, in the foreground: all view groups in this process, or one. Several may run."""
    _log_to_stderr()
    folder = DataFolder(data)
    parts = parts_of(Settings.of_stack(folder), folder)
    there = worker_groups(parts)
    if group is not None and group not in there:
        fail(f"--group {group}: there are the view groups {', '.join(there)}", Exit.USAGE)
    uvloop.run(_run(parts, [group] if group else list(there)))
    _leave_behind()


def parts_of(settings: Settings, folder: DataFolder) -> WorkerParts:
    """Where everything is; raises Unreachable for what nobody has named."""
    cluster = Cluster.at(kafka_url(settings), prefix=settings.kafka_prefix)
    if settings.redis_url is None:
        raise Unreachable(NO_REDIS)
    tables = store_url(settings.model_copy(update={"event_store_url": None}), folder)
    return WorkerParts(
        cluster=cluster,
        event_store_url=settings.event_store_url or tables,
        postgres_url=tables,
        redis_url=settings.redis_url,
        elasticsearch_url=settings.elasticsearch_url,
        master_secret=master_key(settings, folder),
    )


async def _run(parts: WorkerParts, names: list[str]) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await _refuse_unusable_url(parts)
    await run_workers(parts, names, until=ended)


async def _refuse_unusable_url(parts: WorkerParts) -> None:
    """Raises ClientMissing and InvalidEventStoreUrl, which view groups would take for an outage, and wait for."""
    log = await open_event_log(
        parts.event_store_url, postgres_url=None, secret=parts.master_secret, role="crm_worker", connections=1
    )
    await log.close()


def _leave_behind() -> None:
    """A client's thread that does not end must not keep the process: what it holds is lost with it in any case."""
    if any(thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("projections").setLevel(logging.INFO)
    # what they say of an outage, several times a second, the view groups say once
    for talkative in ("aiokafka", "faust", "mode", LaneApp.__module__, LaneConsumer.__module__):
        logging.getLogger(talkative).setLevel(logging.CRITICAL)
