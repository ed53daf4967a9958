"""Events are appended as rows of one type."""

from sqlalchemy import Connection

from write_side.adapters.migrations import run_script

revision = "0005"
down_revision = "0004"


def upgrade(connection: Connection) -> None:
    """Only forward."""
    run_script(connection, "0005_append_rows.sql")
