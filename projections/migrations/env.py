"""Alembic's entry: runs the revisions in the transaction that the caller has opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table="alembic_version_views")
context.run_migrations()
