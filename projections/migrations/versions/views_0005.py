"""The feeds' events."""

from projections.migrations import run_script

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Only forward."""
    run_script("0005_feeds.sql")
