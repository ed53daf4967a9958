"""Importing this module registers every event of the platform."""

from event_schemas import (
    account,
    activity,
    batch,
    bookkeeping,
    contact,
    deal,
    email,
    lead,
    organisation,
    pipeline,
    product,
    saved_view,
)

MODULES = (
    account,
    activity,
    batch,
    bookkeeping,
    contact,
    deal,
    email,
    lead,
    organisation,
    pipeline,
    product,
    saved_view,
)
"""Modules whose import registers events; codec users import this one."""
