"""`crm import`: wires an import to a running platform, shows how far it is, and says how it ended."""

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import uvloop

import write_side.bootstrap
from event_schemas.streams import TENANT, TenantId
from replay_tools import import_shares
from replay_tools.embedded.folder import DataFolder
from replay_tools.import_progress import shown
from replay_tools.reached_store import reached
from replay_tools.settings import Settings
from write_side.adapters.event_logs import OpenBulkStore
from write_side.adapters.keys import DerivedTenantKeys
from write_side.application.deciders import COMMANDS, INTERNAL, KINDS
from write_side.entrypoints.importing import batches
from write_side.entrypoints.importing.faults import BadMapping
from write_side.entrypoints.importing.importer import Importer, Incomplete
from write_side.entrypoints.importing.kinds import KINDS as IMPORTED
from write_side.entrypoints.importing.mapping import FileMapping, Part, parse
from write_side.entrypoints.importing.progress import Progress, Summary
from write_side.entrypoints.importing.rehearsal import Rehearsal
from write_side.entrypoints.importing.rejected import RejectedRows, Rejections
from write_side.entrypoints.importing.sending import Target, finish
from write_side.entrypoints.importing.source import Share, Source
from write_side.entrypoints.importing.undo import Undone, undo

CACHED = 4_000
"""Folded streams that are kept: rows come once each, what they refer to comes again."""


class Job(NamedTuple):
    """What the person at the terminal asked for."""

    source: Source
    tenant: TenantId
    rejected: Path
    again: bool = False
    dry_run: bool = False
    processes: int | None = None
    """How many do it; else what the file is worth."""


def make_job(
    file: Path,
    *,
    mapping: str,
    kind: str | None,
    tenant: str,
    as_of: Part | None,
    rejected: Path | None,
) -> Job:
    """The job, as far as it can be checked before anything runs; raises BadMapping."""
    read = read_mapping(mapping)
    name = kind.rstrip("s") if kind and kind.rstrip("s") in IMPORTED else kind
    if name and read.kind and name != read.kind:
        raise BadMapping(f"{mapping} is for the kind {read.kind}, not {name}")
    chosen = name or read.kind
    if chosen not in IMPORTED:
        raise BadMapping(f"there is no kind {chosen!r} to import; there are {', '.join(sorted(IMPORTED))}")
    return Job(
        Source(file, read, IMPORTED[chosen], as_of),
        tenant_of(tenant),
        rejected or file.with_name(f"{file.name}.errors.csv"),
    )


def tenant_of(text: str) -> TenantId:
    """A tenant's id; raises BadMapping where it can be none."""
    if TENANT.match(text) is None:
        raise BadMapping(f"{text!r} is no tenant: a small letter, then small letters, digits and hyphens, at most 39")
    return TenantId(text)


def read_mapping(name: str) -> FileMapping:
    """A mapping file, or one of those that come with the platform, by name; raises BadMapping."""
    file: Traversable = Path(name)
    packaged = files("write_side.entrypoints").joinpath("mappings")
    if not file.is_file() and packaged.joinpath(f"{name}.toml").is_file():
        file = packaged.joinpath(f"{name}.toml")
    try:
        return parse(file.read_bytes())
    except OSError as error:
        known = sorted(one.name.removesuffix(".toml") for one in packaged.iterdir() if one.name.endswith(".toml"))
        raise BadMapping(f"{name}: {error.strerror}; packaged mappings are {', '.join(known)}") from error
    except BadMapping as error:
        raise BadMapping(f"{name}: {error}") from error


def run(job: Job, settings: Settings, folder: DataFolder) -> Summary:
    """Import, or only rehearse it.

    Raises BadFile, BadMapping, Incomplete, Unreachable, ShareLost and EventLogUnavailable.
    """
    started = time.monotonic()
    source = job.source
    digest = batches.digest_of(source.path, source.mapping, source.kind.name, source.as_of)
    with RejectedRows(job.rejected) as rejected:
        begun = uvloop.run(_begin(job, settings, folder, digest, rejected))
        if isinstance(begun, Summary):
            return begun
        work = partial(_share, job, settings, folder, begun)
        # the others begin before this process has a loop, and threads
        with import_shares.others(work, of=begun.processes) as others:
            try:
                summary = uvloop.run(_all(job, settings, folder, begun.batch, work, others, rejected))
            except Incomplete as error:
                _tell(error.summary, rejected)
                raise
    _tell(summary, rejected)
    summary.seconds = round(time.monotonic() - started, 3)
    return summary


class _Begun(NamedTuple):
    batch: UUID
    is_fresh: bool
    processes: int


async def _begin(
    job: Job, settings: Settings, folder: DataFolder, digest: str, rejected: RejectedRows
) -> _Begun | Summary:
    """Everything that may be wrong with file and mapping is found here; a finished batch is answered at once."""
    source = job.source
    async with reached(settings, folder) as (store, secret):
        batch = await batches.find(store, job.tenant, digest, again=job.again)
        if batch.finished is not None and not job.dry_run:
            say(f"batch {batch.id} was imported before: nothing is sent (--again imports it once more)")
            rows, refused = batch.finished.rows, batch.finished.rejected
            return Summary(batch=str(batch.id), rows=rows, unchanged=rows - refused, rejected=refused)
        with closing(
            Importer(source, _target(job, store, secret, batch.id), rejected=rejected, progress=_nobody)
        ) as one:
            say(f"{source.path}: {one.described}; batch {batch.id}" + (" (dry run)" if job.dry_run else ""))
            is_fresh = await one.begin()
            divisible = one.is_divisible and not job.dry_run
    size = source.path.stat().st_size
    return _Begun(batch.id, is_fresh, import_shares.how_many(size, asked=job.processes) if divisible else 1)


async def _share(
    job: Job,
    settings: Settings,
    folder: DataFolder,
    begun: _Begun,
    share: Share,
    rejected: Rejections,
    progress: Progress,
) -> Summary:
    """A share of the rows, in whichever process."""
    async with reached(settings, folder) as (store, secret):
        target = _target(job, store, secret, begun.batch, is_fresh=begun.is_fresh)
        with closing(Importer(job.source, target, rejected=rejected, progress=progress, share=share)) as importer:
            if job.dry_run:
                await importer.begin()  # what it remembers begins anew with each connection
            return await importer.rows()


async def _all(
    job: Job,
    settings: Settings,
    folder: DataFolder,
    batch: UUID,
    work: import_shares.Work,
    others: Sequence[import_shares.Other],
    rejected: RejectedRows,
) -> Summary:
    with shown() as progress:
        summary = await import_shares.together(work, others, rejected=rejected, progress=progress)
    if job.dry_run:
        return summary
    async with reached(settings, folder) as (store, secret):
        await finish(_target(job, store, secret, batch), summary)
    return summary


async def run_undo(batch: UUID, tenant: TenantId, settings: Settings, folder: DataFolder) -> Undone:
    """Archive what a batch created. Raises NoSuchBatch, Unreachable and EventLogUnavailable."""
    async with reached(settings, folder) as (store, secret):
        transactor = write_side.bootstrap.transactor(store=store, master_secret=secret, cache_size=CACHED)
        return await undo(batch, tenant=tenant, log=store, transact=transactor.transact)


def _target(job: Job, store: OpenBulkStore, secret: bytes, batch: UUID, *, is_fresh: bool = False) -> Target:
    if job.dry_run:
        clock = write_side.bootstrap.system_clock
        keys = DerivedTenantKeys(secret)
        rehearsal = Rehearsal(log=store, deciders=COMMANDS | INTERNAL, kinds=KINDS, keys=keys, clock=clock)
        return Target(job.tenant, batch, rehearsal.transact, store)
    transactor = write_side.bootstrap.transactor(store=store, master_secret=secret, cache_size=CACHED)
    beginnings = write_side.bootstrap.beginnings(store=store, master_secret=secret, cache_size=CACHED)
    return Target(job.tenant, batch, transactor.transact, store, beginnings, is_fresh)


def _nobody(_summary: Summary, _fraction: float | None) -> None:
    """Beginning takes no time that could be shown."""


def _tell(summary: Summary, rejected: RejectedRows) -> None:
    if summary.rejected:
        say(f"{summary.rejected:,} rows were rejected; the reasons are in {rejected.path}")


def say(text: str) -> None:
    """A line for the person at the terminal; data goes to stdout, this does not."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
