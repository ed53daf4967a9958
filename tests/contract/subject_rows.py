"""What happens to the rows of ``subject_keys`` in PostgreSQL: an erasure, and a loss."""

from uuid import UUID

import asyncpg

from event_schemas.streams import TenantId


async def erase_subject(url: str, tenant: TenantId, subject: UUID) -> None:
    """Throw a salt away, as an erasure does."""
    statement = "update subject_keys set salt = null, erased_at = now() where tenant = $1 and subject_id = $2"
    await _run(url, statement, tenant, subject)


async def lose_subject(url: str, tenant: TenantId, subject: UUID) -> None:
    """Lose a row, as a restore without it would."""
    await _run(url, "delete from subject_keys where tenant = $1 and subject_id = $2", tenant, subject)


async def _run(url: str, statement: str, tenant: TenantId, subject: UUID) -> None:
    """As the superuser, whom row security does not stop."""
    connection = await asyncpg.connect(url)
    assert await connection.execute(statement, tenant, subject) in ("UPDATE 1", "DELETE 1")
    await connection.close()
