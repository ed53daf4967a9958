"""Appending to new streams looks nothing up."""

from sqlalchemy import Connection

from write_side.adapters.migrations import run_script

revision = "0003"
down_revision = "0002"


def upgrade(connection: Connection) -> None:
    """Only forward."""
    run_script(connection, "0003_append_new_streams.sql")
