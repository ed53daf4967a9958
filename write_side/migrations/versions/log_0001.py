"""The log's tables, roles and policies."""

from sqlalchemy import Connection

from write_side.adapters.migrations import run_script

revision = "0001"
down_revision = None


def upgrade(connection: Connection) -> None:
    """Only forward: the log's tables are never dropped."""
    run_script(connection, "0001_log.sql")
