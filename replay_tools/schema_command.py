"""The command line of `crm schema`."""

import json
from pathlib import Path

import typer

from event_schemas import schemas
from replay_tools.ending import Exit, fail

schema = typer.Typer(no_args_is_help=True, help="Events and API as schemas.")

RELEASED = Path(schemas.__file__).with_name(schemas.RELEASED_FILE)


@schema.command()
def check() -> None:
    """Compare the events with the last released registry."""
    problems = schemas.check(_released())
    for problem in problems:
        typer.echo(problem)
    if problems:
        fail("a released event has changed: give it a new version and an upcaster", Exit.MISMATCH)
    typer.echo("the events agree with the released registry", err=True)


@schema.command()
def export() -> None:
    """Print the JSON Schema of every event."""
    typer.echo(json.dumps(schemas.export(), indent=2, sort_keys=True))


@schema.command()
def graphql() -> None:
    """Print the API's schema, as schema.graphql holds it."""
    from read_api.app import sdl  # noqa: PLC0415 -- the whole API, which the other commands do not need

    typer.echo(sdl(), nl=False)


@schema.command()
def release() -> None:
    """Add the current versions to the released registry: stored events of them must be readable for ever."""
    try:
        renewed = schemas.render(schemas.release(_released()))
    except schemas.ReleaseRefused as error:
        fail(str(error), Exit.MISMATCH)
    RELEASED.write_bytes(renewed)
    typer.echo(f"{RELEASED} holds the current versions: commit it", err=True)


def _released() -> schemas.Released:
    return schemas.parse(RELEASED.read_bytes()) if RELEASED.exists() else {}
