"""The command `crm`. Data goes to stdout, everything else to stderr.

Exit codes: 0 ok, 1 failed, 2 usage, 3 unavailable (a port or folder in use, a part down), 4 conflict, 5 mismatch.
"""

import json
import sys
from enum import IntEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from event_schemas import schemas
from read_api.app import sdl
from read_api.authentication import InvalidIdentity, Role, Tokens
from replay_tools import import_command, relay_command, status, topics_command, worker_command
from replay_tools import stack as servers
from replay_tools import up as platform
from replay_tools.api_alone import serve_alone
from replay_tools.embedded.errors import EmbeddedError
from replay_tools.embedded.folder import DataFolder, default_path
from replay_tools.serving import HOST, Unavailable
from replay_tools.settings import Settings
from write_side.bootstrap import system_clock


class Exit(IntEnum):
    """What the exit code says."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNAVAILABLE = 3
    CONFLICT = 4
    MISMATCH = 5


app = typer.Typer(name="crm", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
schema = typer.Typer(no_args_is_help=True, help="Events and API as schemas.")
app.add_typer(schema, name="schema")
app.add_typer(topics_command.topics, name="topics")
app.command("import")(import_command.import_file)
app.command("relay")(relay_command.relay)
app.command("status")(status.status)
app.command("worker")(worker_command.worker)

RELEASED = Path(schemas.__file__).with_name(schemas.RELEASED_FILE)

Data = Annotated[Path, typer.Option("--data", help="Folder of the embedded servers and secrets.")]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on 127.0.0.1.")]


def fail(message: str, code: Exit) -> NoReturn:
    """One line on stderr, and the exit code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


@app.command()
def up(
    data: Data = default_path(),  # noqa: B008 -- a path, made when the command line is read
    port: Port = 8000,
    profile: Annotated[
        platform.Profile, typer.Option("--profile", help="full: over Kafka, Faust and Elasticsearch (crm stack).")
    ] = platform.Profile.EMBEDDED,
) -> None:
    """Run everything in the foreground: embedded servers where no URL is given, projections, API. Ctrl-C stops it."""
    folder = DataFolder(data)
    settings = Settings() if profile is platform.Profile.EMBEDDED else Settings.of_stack(folder)
    try:
        platform.run(settings, folder, port, profile)
    except (EmbeddedError, Unavailable) as error:
        fail(str(error), Exit.UNAVAILABLE)


@app.command()
def api(
    port: Port = 8000,
    host: Annotated[str, typer.Option("--host", help="0.0.0.0 inside a container.")] = HOST,
) -> None:
    """Serve the API alone, over the servers that CRM_..._URL name; several may run at once."""
    try:
        serve_alone(Settings(), port=port, host=host)
    except Unavailable as error:
        fail(str(error), Exit.UNAVAILABLE)


@app.command()
def stack(data: Data = default_path()) -> None:  # noqa: B008 -- as above
    """Run the full profile's servers in the foreground: Kafka, Elasticsearch, PostgreSQL, Valkey. Ctrl-C stops them."""
    try:
        servers.run(data)
    except EmbeddedError as error:
        fail(str(error), Exit.UNAVAILABLE)


@app.command()
def token(
    data: Data = default_path(),  # noqa: B008 -- as above
    port: Port = 8000,
    role: Annotated[Role, typer.Option("--role", help="What the user may do.")] = Role.ADMIN,
    tenant: Annotated[str, typer.Option("--tenant")] = "demo",
    user_id: Annotated[str, typer.Option("--user-id")] = "developer",
) -> None:
    """Print one development token."""
    folder = DataFolder(data)
    folder.path.mkdir(mode=0o711, parents=True, exist_ok=True)
    tokens = Tokens(Settings().token_key(folder).encode(), clock=system_clock)
    try:
        typer.echo(tokens.issue(tenant=tenant, user_id=user_id, role=role))
    except InvalidIdentity as error:
        fail(f"no token for tenant {tenant!r} and user {user_id!r}: {error}", Exit.USAGE)


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


def main() -> None:
    """Entry point."""
    sys.exit(app())
