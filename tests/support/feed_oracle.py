"""What every feed holds, told from the events alone: no document, no view, no store."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from event_schemas.codec import decode
from event_schemas.contact import ContactAccountLinked, ContactAccountUnlinked
from event_schemas.envelope import Recorded, StoredEvent
from event_schemas.lead import ConversionStep, LeadConversionCompleted, LeadConversionFailed, LeadConverted
from event_schemas.registry import Event, of_class
from event_schemas.streams import parse_stream
from read_api.values import print_instant

Item = dict[str, Any]
"""As the API shows it, without the name."""


class _Entity:
    """Whose an entity is, and which accounts it names."""

    def __init__(self) -> None:
        self.owner: UUID | None = None
        self.account: UUID | None = None
        self.linked: set[UUID] = set()

    def feeds(self) -> set[str]:
        owners = {f"user:{self.owner}"} if self.owner else set()
        accounts = self.linked | ({self.account} if self.account else set())
        return owners | {f"account:{account}" for account in accounts}

    def take(self, event: Any) -> None:
        match event:
            case ContactAccountLinked(account_id=account):
                self.linked.add(account)
                return
            case ContactAccountUnlinked(account_id=account):
                self.linked.discard(account)
                return
            case LeadConverted(account=account):
                self.account = account.id if account else None
                return
            case LeadConversionCompleted(account_id=account):
                self.account = account
                return
            case LeadConversionFailed(step=ConversionStep.ACCOUNT):
                self.account = None
                return
        if hasattr(event, "related"):
            self.linked |= {each.id for each in event.related if each.kind == "account"}
        if getattr(event, "owner_id", UNSET) is not UNSET:
            self.owner = event.owner_id
        if getattr(event, "account_id", UNSET) is not UNSET and of_class(type(event)).name.startswith("deal."):
            self.account = event.account_id


def feeds(events: Iterable[StoredEvent]) -> Mapping[str, Sequence[Item]]:
    """Every feed of one tenant, each with its newest item first."""
    entities: dict[tuple[str, UUID], _Entity] = defaultdict(_Entity)
    found: dict[str, list[Item]] = defaultdict(list)
    for stored in events:
        recorded = decode(stored)
        category = parse_stream(stored.stream).category
        if of_class(type(recorded.event)).bookkeeping or category in ("email", "batch", "saved_view"):
            continue
        entity = entities[category, recorded.entity_id]
        told = {f"user:{recorded.meta.actor}"} | entity.feeds()
        entity.take(recorded.event)
        told |= entity.feeds() | _by_itself(category, recorded, entity)
        for feed in told:
            found[feed].insert(0, _item(recorded, category))
    return found


def _by_itself(category: str, recorded: Recorded[Event], entity: _Entity) -> set[str]:
    """An account's and a user's own feeds, and for a subsidiary that of its parent, the old one's too."""
    match category:
        case "account" | "user":
            return {f"{category}:{recorded.entity_id}"}
        case "account_hierarchy":
            parent: UUID | None = getattr(recorded.event, "parent_id", None)
            named = {recorded.entity_id, parent, *entity.linked} - {None}
            entity.linked = {parent} if parent else set()
            return {f"account:{account}" for account in named}
        case _:
            return set()


def _item(recorded: Recorded[Event], category: str) -> Item:
    return {
        "position": str(recorded.position),
        "type": recorded.meta.type,
        "occurredAt": print_instant(recorded.meta.occurred_at),
        "actor": recorded.meta.actor,
        "kind": ("account" if category == "account_hierarchy" else category).upper(),
        "id": str(recorded.entity_id),
        "data": msgspec.json.decode(msgspec.json.encode(recorded.event)),
    }
