"""The command line of `crm token`."""

from pathlib import Path
from typing import Annotated

import typer

from read_api.authentication import InvalidIdentity, Role, Tokens
from replay_tools.embedded.folder import DataFolder, default_path
from replay_tools.ending import Exit, fail
from replay_tools.settings import Settings
from write_side.bootstrap import system_clock


def token(
    data: Annotated[Path, typer.Option("--data", help="Folder of the embedded servers and secrets.")] = default_path(),  # noqa: B008 -- a path, made when the command line is read
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on 127.0.0.1.")] = 8000,
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
