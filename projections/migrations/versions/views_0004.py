"""What can be searched, and the functions that search."""

from projections.migrations import run_script

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Only forward."""
    run_script("0004_search.sql")
