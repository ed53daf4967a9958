"""The tables of the views, their roles and policies."""

from projections.migrations import run_script

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Only forward: a view is rebuilt, not brought back."""
    run_script("0001_views.sql")
