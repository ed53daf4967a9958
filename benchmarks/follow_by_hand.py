"""The loop that one writes by hand for deals alone: events and state as dicts, rows as tuples, one upsert a table.

It knows nothing of poison events, of other kinds and other stores, of views that come and go, and it keeps nothing to
go on from: it begins again with the first event when it is restarted.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson

from event_schemas.envelope import StoredEvent
from event_schemas.ports import EventLog
from event_schemas.streams import Position
from projections.sinks.connection import Connection

T = TypeVar("T")
Read = tuple[dict[str, Any], dict[str, Any], int, str]
"""Metadata, payload, position, and the payload as text."""

_FOREVER = datetime.max.replace(tzinfo=UTC)
_LAST_POSITION = 2**63 - 1
_CLOSED = {"deal.won": "won", "deal.lost": "lost"}
_CHANGED = {
    "deal.close_date_changed": "expected_close",
    "deal.owner_changed": "owner_id",
    "deal.product_changed": "product_id",
}


def read_stored(event: StoredEvent) -> Read:
    """Of an event of the log."""
    return orjson.loads(event.metadata), orjson.loads(event.data), event.position, event.data.decode()


def statements() -> dict[str, str]:
    """The statements of the .sql file."""
    text = Path(__file__).with_suffix(".sql").read_text()
    parts = re.split(r"^-- (\w+) -- .*$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


class Upserts:
    """Deals in memory, rows in tables."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sql = statements()
        self._deals: dict[str, dict[str, Any]] = {}

    async def write(self, events: Iterable[T], read: Callable[[T], Read], *, old: int, new: int) -> None:
        """A batch, and that it was written."""
        rows = self.rows(events, read)
        async with self._connection.transaction():
            moved = await self._connection.execute(self._sql["move"], old, new)
            assert moved == "UPDATE 1"
            for name, some in rows.items():
                if some:
                    await self._connection.execute(self._sql[name], *zip(*some, strict=True))

    def rows(self, events: Iterable[T], read: Callable[[T], Read]) -> dict[str, list[tuple[Any, ...]]]:
        """What a batch writes, by the names of the statements."""
        board: dict[str, tuple[Any, ...]] = {}
        stays: dict[tuple[str, int], list[Any]] = {}
        states: dict[tuple[str, int], list[Any]] = {}
        left, ended, timeline = [], [], []
        for event in events:
            meta, data, position, text = read(event)
            tenant, stream, kind = meta["tenant"], meta["stream"], meta["type"]
            occurred, recorded = meta["occurredAt"], datetime.fromisoformat(meta["recordedAt"])
            at = datetime.fromisoformat(occurred)
            entity = stream.partition("~")[2]
            deal = self._deals.get(entity)
            entered = deal["stays"] if deal else 0
            deal = self._deals[entity] = _after(deal, kind, data, entity, occurred)
            deal["position"] = position
            version = deal["version"]
            board[entity] = _board(tenant, deal)
            if deal["stays"] > entered:
                if (stay := stays.get((entity, entered))) is not None:
                    stay[5] = at
                elif entered:
                    left.append((tenant, entity, entered, at))
                stays[entity, entered + 1] = [tenant, entity, entered + 1, deal["stage_id"], at, None]
            if (state := states.get((entity, version - 1))) is not None:
                state[5], state[8] = position, at
            elif version > 1:
                ended.append((tenant, "deal", entity, version - 1, position, at))
            states[entity, version] = [
                *(tenant, "deal", entity, version, position, _LAST_POSITION, recorded, at, _FOREVER),
                *(orjson.dumps(deal).decode(), deal["name"], deal["amount_minor"]),
                *(datetime.fromisoformat(deal["opened_at"]), _date(deal["expected_close"])),
            ]
            happened = (tenant, entity, position, stream, meta["streamVersion"], kind, at, recorded)
            timeline.append((*happened, meta["actor"], text))
        return {
            "deal_board": list(board.values()),
            "deal_stage_history_left": left,
            "deal_stage_history": [tuple(stay) for stay in stays.values()],
            "entity_states_ended": ended,
            "entity_states": [tuple(state) for state in states.values()],
            "entity_timeline": timeline,
        }


class Loop(Upserts):
    """One run from the first event."""

    def __init__(self, log: EventLog, connection: Connection, *, batch: int) -> None:
        super().__init__(connection)
        self._log = log
        self._batch = batch

    async def run(self) -> None:
        """To the end of the log."""
        position = Position(0)
        while events := await self._log.read_all(after=position, limit=self._batch):
            await self.write(events, read_stored, old=position, new=events[-1].position)
            position = events[-1].position


def _after(deal: dict[str, Any] | None, kind: str, data: dict[str, Any], entity: str, occurred: str) -> dict[str, Any]:
    if deal is None:
        amount = data.pop("amount")
        return data | {
            "id": entity,
            "status": "open",
            "amount_minor": amount["minor"],
            "currency": amount["currency"],
            "opened_at": occurred,
            "closed_at": None,
            "stage_entered_at": occurred,
            "loss_reason": None,
            "loss_detail": None,
            "version": 1,
            "stays": 1,
        }
    deal["version"] += 1
    if "stage_id" in data:
        deal["stage_id"], deal["stage_entered_at"] = data["stage_id"], occurred
        deal["stays"] += 1
    if "amount" in data:
        deal["amount_minor"], deal["currency"] = data["amount"]["minor"], data["amount"]["currency"]
    if kind in _CLOSED:
        deal["status"], deal["closed_at"] = _CLOSED[kind], occurred
        if "reason" in data:
            deal["loss_reason"], deal["loss_detail"] = data["reason"], data["detail"]
    elif kind == "deal.reopened":
        deal["status"], deal["closed_at"], deal["loss_reason"], deal["loss_detail"] = "open", None, None, None
    elif kind in _CHANGED:
        deal[_CHANGED[kind]] = data[_CHANGED[kind]]
    return deal


def _board(tenant: str, deal: dict[str, Any]) -> tuple[Any, ...]:
    return (
        *(tenant, deal["id"], deal["name"], deal["pipeline_id"], deal["stage_id"], deal["status"]),
        *(deal["amount_minor"], deal["currency"], deal["account_id"], deal["owner_id"], deal["product_id"]),
        *(_date(deal["expected_close"]), datetime.fromisoformat(deal["opened_at"])),
        datetime.fromisoformat(deal["closed_at"]) if deal["closed_at"] else None,
        datetime.fromisoformat(deal["stage_entered_at"]),
        *(deal["loss_reason"], deal["loss_detail"], deal["version"], deal["position"]),
    )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
