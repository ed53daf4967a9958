"""The lists as of a position and an instant."""

from projections.migrations import run_script

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Only forward."""
    run_script("0002_as_of.sql")
