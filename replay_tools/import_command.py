"""The command line of `crm import`: what it takes, what it prints, and with which code it ends."""

import csv
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import msgspec
import typer
import uvloop

from replay_tools.embedded.folder import DataFolder, default_path
from replay_tools.ending import Exit, fail
from replay_tools.import_shares import ShareLost
from replay_tools.importing import make_job, run, run_undo, tenant_of
from replay_tools.settings import Settings
from write_side.entrypoints.importing.faults import BadFile, BadMapping
from write_side.entrypoints.importing.importer import Incomplete
from write_side.entrypoints.importing.mapping import Part, Place
from write_side.entrypoints.importing.undo import NoSuchBatch

UNDO = "undo"


class Output(StrEnum):
    """How the summary is printed."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


def import_file(  # noqa: PLR0913, PLR0917 -- the options of the command, which are given by name
    file: Annotated[str, typer.Argument(help="CSV (also .gz) or .xlsx; or the word undo, then a BATCH.")],
    batch: Annotated[str | None, typer.Argument(help="With undo: what this batch created is archived.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="What rows become; else the mapping says.")] = None,
    mapping: Annotated[str | None, typer.Option("--map", help="Mapping file (TOML), or a packaged one's name.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide everything, store nothing.")] = False,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Else CRM_TENANT, else demo.")] = None,
    as_of_column: Annotated[str | None, typer.Option("--as-of-column", help="When rows were true; else now.")] = None,
    as_of_format: Annotated[str | None, typer.Option("--as-of-format", help="Such as %d.%m.%Y; else ISO 8601.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Import a finished batch once more, as another.")] = False,
    errors: Annotated[Path | None, typer.Option("--errors", help="Rejected rows; else FILE.errors.csv.")] = None,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, max=32, help="Else by the file's size.")
    ] = None,
    output: Annotated[Output, typer.Option("-o", "--output")] = Output.TABLE,
    data: Annotated[Path, typer.Option("--data", help="Folder of the running platform.")] = default_path(),  # noqa: B008 -- a path, made when the command line is read
) -> None:
    """Import a file into the running platform, or undo an import: `crm import undo BATCH`."""
    settings = Settings()
    folder = DataFolder(data)
    try:
        if file == UNDO and batch is not None:
            undone = uvloop.run(run_undo(_batch_id(batch), tenant_of(tenant or settings.tenant), settings, folder))
            _print(msgspec.to_builtins(undone), output)
            if undone.kept:
                fail(f"{len(undone.kept):,} of {undone.created:,} could not be archived", Exit.FAILED)
            return
        if mapping is None or batch is not None:
            fail("crm import FILE --map MAPPING.toml, or crm import undo BATCH (see crm import --help)", Exit.USAGE)
        if not Path(file).is_file():
            fail(f"{file}: no such file", Exit.USAGE)
        job = make_job(
            Path(file),
            mapping=mapping,
            kind=kind,
            tenant=tenant or settings.tenant,
            as_of=Part(column=_place(as_of_column), format=as_of_format) if as_of_column else None,
            rejected=errors,
        )
        _print(
            msgspec.to_builtins(run(job._replace(again=again, dry_run=dry_run, processes=processes), settings, folder)),
            output,
        )
    except Incomplete as error:
        _print(msgspec.to_builtins(error.summary), output)
        fail(f"{error}; the rows before are imported", Exit.FAILED)
    except BadMapping as error:
        fail(str(error), Exit.USAGE)
    except (BadFile, NoSuchBatch, ShareLost) as error:
        fail(str(error), Exit.FAILED)
    except KeyboardInterrupt:
        fail("interrupted; the same command again goes on", Exit.FAILED)


def _place(text: str) -> Place:
    """A header, or a number of a column."""
    return int(text) if text.isdigit() else text


def _batch_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadMapping(f"{text!r} is no batch: `crm import` names it, a UUID") from None


def _print(found: dict[str, Any], output: Output) -> None:
    match output:
        case Output.JSON | Output.NDJSON:
            sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        case Output.CSV:
            flat = {name: len(value) if isinstance(value, list) else value for name, value in found.items()}
            writer = csv.DictWriter(sys.stdout, flat)
            writer.writeheader()
            writer.writerow(flat)
        case Output.TABLE:
            for name, value in found.items():
                if isinstance(value, list):
                    sys.stdout.write(f"{name:10} {len(value)}\n")
                    for one in value:
                        sys.stdout.write("           " + "  ".join(str(part) for part in one.values()) + "\n")
                else:
                    sys.stdout.write(f"{name:10} {value:,}\n" if isinstance(value, int) else f"{name:10} {value}\n")
    sys.stdout.flush()
