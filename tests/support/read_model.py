"""Rows of every view, made from a past without the projections: what the read API's tests read."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec

from tests.support.read_story import Past, Version

FOREVER = 2**63 - 1
INFINITY = datetime.max.replace(tzinfo=UTC)  # so the driver writes it

LISTS = {
    "deal": "deal_board",
    "account": "account_list",
    "account_parent": "account_tree",
    "pipeline": "pipeline_list",
    "product": "product_list",
    "team": "team_list",
    "user": "user_list",
}
_SORT_AT = ("opened_at", "defined_at", "listed_at", "created_at")
_NO_COLUMNS = {"deal": {"stays"}, "account_parent": {"version"}, "pipeline": {"stages"}}


async def load_past(url: str, past: Past) -> None:
    """Fill the views in place of what they held, and move the watermark to the past's head; in one transaction."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            for table, rows in _tables(past).items():
                await connection.execute(f"delete from {table}")
                await _insert(connection, table, rows)
            await connection.execute(
                "insert into watermarks values ('postgres', 'log', 0, $1)"
                " on conflict (view_group, topic, partition) do update set position = excluded.position",
                past.head,
            )
        await connection.execute("analyze")
    finally:
        await connection.close()


async def _insert(connection: "asyncpg.Connection[asyncpg.Record]", table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        columns = list(rows[0])
        records = [tuple(row[column] for column in columns) for row in rows]
        await connection.copy_records_to_table(table, columns=columns, records=records)


def _tables(past: Past) -> dict[str, list[dict[str, Any]]]:
    histories: dict[tuple[str, str, Any], list[Version]] = {}
    for version in past.versions:
        meta = version.recorded.meta
        histories.setdefault((meta.tenant, version.kind.name, version.recorded.entity_id), []).append(version)
    tables: dict[str, list[dict[str, Any]]] = {
        "entity_states": [],
        "entity_timeline": [_timeline(each) for each in past.versions],
    }
    for (tenant, kind, entity), versions in histories.items():
        tables["entity_states"] += _states(tenant, kind, entity, versions)
        tables.setdefault(LISTS[kind], []).append(_row(tenant, kind, versions[-1]))
        if kind == "deal":
            tables.setdefault("deal_stage_history", []).extend(_stays(tenant, entity, versions))
        if kind == "pipeline":
            tables.setdefault("pipeline_stages", []).extend(_stages(tenant, entity, versions[-1]))
    return tables


def _row(tenant: str, kind: str, version: Version) -> dict[str, Any]:
    fields = msgspec.structs.asdict(version.document)
    return {"tenant": tenant} | {name: value for name, value in fields.items() if name not in _NO_COLUMNS.get(kind, ())}


def _states(tenant: str, kind: str, entity: Any, versions: list[Version]) -> Iterable[dict[str, Any]]:
    for number, version in enumerate(versions, start=1):
        following = versions[number].recorded if number < len(versions) else None
        fields = msgspec.structs.asdict(version.document)
        meta = version.recorded.meta
        yield {
            "tenant": tenant,
            "kind": kind,
            "id": entity,
            "version": number,
            "position_from": version.recorded.position,
            "position_to": following.position if following else FOREVER,
            "recorded_at": meta.recorded_at,
            "occurred_from": meta.occurred_at,
            "occurred_to": following.meta.occurred_at if following else INFINITY,
            "doc": msgspec.json.encode(version.document).decode(),
            "sort_name": fields.get("name"),
            "sort_amount": fields.get("amount_minor"),
            "sort_at": next((fields[name] for name in _SORT_AT if name in fields), None),
            "sort_date": fields.get("expected_close"),
        }


def _stays(tenant: str, entity: Any, versions: list[Version]) -> Iterable[dict[str, Any]]:
    first: dict[int, Any] = {}
    for version in versions:
        first.setdefault(version.document.stays, version.document)  # type: ignore[attr-defined] # of this kind only
    for entry, document in first.items():
        following = first.get(entry + 1)
        left_at = following.stage_entered_at if following else None
        yield {
            "tenant": tenant,
            "deal_id": entity,
            "entry": entry,
            "stage_id": document.stage_id,
            "entered_at": document.stage_entered_at,
            "left_at": left_at,
        }


def _stages(tenant: str, entity: Any, version: Version) -> Iterable[dict[str, Any]]:
    for stage in version.document.stages:  # type: ignore[attr-defined] # of this kind only
        yield {"tenant": tenant, "pipeline_id": entity} | msgspec.structs.asdict(stage)


def _timeline(version: Version) -> dict[str, Any]:
    recorded = version.recorded
    meta = recorded.meta
    return {
        "tenant": meta.tenant,
        "entity_id": recorded.entity_id,
        "position": recorded.position,
        "stream": meta.stream,
        "stream_version": meta.stream_version,
        "type": meta.type,
        "occurred_at": meta.occurred_at,
        "recorded_at": meta.recorded_at,
        "actor": meta.actor,
        "data": msgspec.json.encode(recorded.event).decode(),
    }
