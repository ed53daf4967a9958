"""Events that carry personal data name the person, and the salts of people's keys lie beside the log."""

from sqlalchemy import Connection

from write_side.adapters.migrations import run_script

revision = "0004"
down_revision = "0003"


def upgrade(connection: Connection) -> None:
    """Only forward."""
    run_script(connection, "0004_subject_keys.sql")
