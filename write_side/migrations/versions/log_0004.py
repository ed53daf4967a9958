"""What process managers keep."""

from sqlalchemy import Connection

from write_side.adapters.migrations import run_script

revision = "0004"
down_revision = "0003"


def upgrade(connection: Connection) -> None:
    """Only forward."""
    run_script(connection, "0004_process_managers.sql")
