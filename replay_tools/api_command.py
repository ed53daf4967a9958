"""The command line of `crm api`."""

from typing import Annotated

import typer

from replay_tools.api_alone import serve_alone
from replay_tools.serving import HOST
from replay_tools.settings import Settings


def api(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on 127.0.0.1.")] = 8000,
    host: Annotated[str, typer.Option("--host", help="0.0.0.0 inside a container.")] = HOST,
) -> None:
    """Serve the API alone, over the servers that CRM_..._URL name; several may run at once."""
    serve_alone(Settings(), port=port, host=host)
