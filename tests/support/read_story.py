"""Telling a past: events in the order of the log, each folded into its document."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from event_schemas.catalog import MODULES
from event_schemas.envelope import NO_HASH, Metadata, Recorded
from event_schemas.registry import Event, of_class
from event_schemas.streams import Position, TenantId, stream_name
from event_schemas.values import Money
from projections.documents.document import Document
from projections.documents.registry import KINDS, Kind

assert MODULES  # importing the catalog registers the events

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
NAMES = (
    "Acme",
    "Globex",
    "Zoë & Søn",
    'The "Quoted" Ltd',
    "Back\\slash",
    "Tab\tand\nline",
    "日本電気",
    "naïve café",
    "Umbrella",
    "a",
    "Ångström",
    "percent % and _",
    "control\x01\x1f\x7f",
    "emoji 🦊",
    "</script>",
    "Initech",
    "Hooli",
    "Ärger",
    "zeta",
    "Acme",
)
REGIONS = ("Central", "East", "West", None)


@dataclass
class Version:
    """One event, and the document before and after it."""

    recorded: Recorded[Event]
    kind: Kind
    before: Document | None
    document: Document


@dataclass
class Past:
    """Everything that happened, and the ids to ask for."""

    versions: list[Version] = field(default_factory=list)
    ids: dict[tuple[str, str], list[UUID]] = field(default_factory=dict)
    """(tenant, kind) -> ids"""

    @property
    def head(self) -> int:
        """The last position."""
        return len(self.versions)

    def until(self, position: int) -> "Past":
        """The same past, not yet as long."""
        return Past(self.versions[:position], self.ids)

    def of(self, tenant: str, kind: str) -> list[UUID]:
        """The tenant's entities of a kind."""
        return self.ids.get((tenant, kind), [])


class Storyteller:
    """Makes a past up; the same seed makes the same one."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.past = Past()
        self._recorded_at = START
        self._heads: dict[tuple[str, UUID], tuple[int, datetime, Document | None]] = {}
        self._stream_versions: dict[str, int] = {}

    def new_id(self) -> UUID:
        """A random id that the seed determines."""
        return UUID(int=self.random.getrandbits(128), version=4)

    def document(self, category: str, entity: UUID) -> Any:
        """The entity's document now."""
        return self._heads[category, entity][2]

    def tell(
        self, tenant: str, category: str, entity: UUID, event: Event, *, occurred_at: datetime | None = None
    ) -> None:
        """Append one event; its business time never goes back within the entity."""
        rng = self.random
        self._recorded_at += timedelta(microseconds=rng.choice((0, 7, 250_000, 1_500_000, 120_000_000)))
        stream = stream_name(category, TenantId(tenant), "accounts" if category == "account_hierarchy" else entity)
        version, last, before = self._heads.get((category, entity), (0, datetime.min.replace(tzinfo=UTC), None))
        at = max(last, occurred_at or self._recorded_at)
        self._stream_versions[stream] = self._stream_versions.get(stream, 0) + 1
        meta = Metadata(
            event_id=self.new_id(),
            type=of_class(type(event)).name,
            version=of_class(type(event)).version,
            tenant=TenantId(tenant),
            stream=stream,
            stream_version=self._stream_versions[stream],
            occurred_at=at,
            recorded_at=self._recorded_at,
            actor=rng.choice(("import", "user:1", "zoë")),
            command_id=self.new_id(),
            request_digest="",
            correlation_id=self.new_id(),
            causation_id=None,
            subject_id=None,
            source="test",
            sealed=(),
            prev_hash=NO_HASH.hex(),
        )
        recorded = Recorded(Position(self.past.head + 1), entity, NO_HASH, meta, event)
        kind = KINDS[category]
        document = kind.fold(before, recorded)
        assert document is not None
        self._heads[category, entity] = (version + 1, at, document)
        self.past.versions.append(Version(recorded, kind, before, document))
        if before is None:
            self.past.ids.setdefault((tenant, kind.name), []).append(entity)

    def pick(self, tenant: str, kind: str, *, or_none: float = 0.0) -> Any:
        """One of the tenant's entities, or None with the given probability or when there is none."""
        known = self.past.of(tenant, kind)
        return self.random.choice(known) if known and self.random.random() >= or_none else None

    def name(self) -> str:
        """A name, seldom unique."""
        return self.random.choice(NAMES) + self.random.choice(("", "", f" {self.random.randint(1, 30)}"))

    def instant(self) -> datetime:
        """A business time in the two years before everything was recorded, of varying precision."""
        rng = self.random
        whole = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(
            days=rng.randint(0, 700), seconds=rng.choice((0, 3600, rng.randint(0, 86399)))
        )
        return whole + timedelta(microseconds=rng.choice((0, 0, 500_000, 120_000, 1, 999_999)))

    def money(self, currency: str) -> Money:
        """An amount; equal ones are frequent."""
        return Money(
            minor=self.random.choice((0, 100, 55_000, 1_000_050, self.random.randint(1, 10**9), 10**15)),
            currency=currency,
        )
