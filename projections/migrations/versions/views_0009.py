"""Cursors pin what the furthest lane has."""

from projections.migrations import run_script

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Only forward."""
    run_script("0009_pins.sql")
