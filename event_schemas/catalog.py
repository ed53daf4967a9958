"""Importing this module registers every event of the platform."""

from event_schemas import account, batch, bookkeeping, deal, organisation, pipeline, product

MODULES = (account, batch, bookkeeping, deal, organisation, pipeline, product)
"""Modules whose import registers events; codec users import this one."""
