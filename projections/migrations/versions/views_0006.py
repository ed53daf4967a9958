"""What duplicates are found by."""

from projections.migrations import run_script

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Only forward."""
    run_script("0006_duplicates.sql")
