"""Leads, contacts, activities and saved views."""

from projections.migrations import run_script

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Only forward."""
    run_script("0003_crm.sql")
