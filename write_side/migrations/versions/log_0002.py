"""The function that appends."""

from sqlalchemy import Connection

from write_side.adapters.migrations import run_script

revision = "0002"
down_revision = "0001"


def upgrade(connection: Connection) -> None:
    """Only forward."""
    run_script(connection, "0002_append.sql")
