"""The views of the group are made again."""

from projections.migrations import run_script

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Only forward."""
    run_script("0007_begin_again.sql")
