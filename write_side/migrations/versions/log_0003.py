"""Events that carry personal data name the person, and the salts of people's keys lie beside the log."""

from sqlalchemy import Connection

from write_side.adapters.migrations import run_script

revision = "0003"
down_revision = "0002"


def upgrade(connection: Connection) -> None:
    """Only forward."""
    run_script(connection, "0003_subject_keys.sql")
