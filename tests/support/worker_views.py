"""What views that workers keep must hold: what one pass over the log makes, in another database."""

import re
from collections.abc import Sequence

from event_schemas.envelope import StoredEvent
from tests.support.databases import fresh_database, migrated_template
from tests.support.views import Rows, project_rows, rows

_PROGRESS = {"watermarks", "relayed"}
_OTHERS = re.compile(r'"view_group": "(?!postgres")')
_passes: dict[bytes, Rows] = {}


async def views(url: str) -> Rows:
    """All tables of the Postgres views; not how far the lanes are, nor what other groups keep there."""
    found = {name: some for name, some in (await rows(url)).items() if name not in _PROGRESS}
    return {name: [row for row in some if not _OTHERS.search(row)] for name, some in found.items()}


async def by_one_pass(postgres_url: str, events: Sequence[StoredEvent]) -> Rows:
    """The same of the log itself; made once for each log."""
    log = b"".join(event.hash + event.data for event in events)
    if log not in _passes:
        _passes[log] = await _one_pass(postgres_url, events)
    return _passes[log]


async def _one_pass(postgres_url: str, events: Sequence[StoredEvent]) -> Rows:
    async with fresh_database(postgres_url, template=await migrated_template(postgres_url)) as url:
        await project_rows(url, events)
        return await views(url)
