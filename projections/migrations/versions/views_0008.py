"""Watermarks of the partitions of topics."""

from projections.migrations import run_script

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Only forward."""
    run_script("0008_lanes.sql")
