"""What is worth asking for in a past: ids, instants, positions, texts, and the cursors of earlier answers."""

import base64
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from projections.documents.pipeline import Pipeline
from tests.support.read_story import Past

ABSENT = "6e2f0a52-0b4e-5c7d-9d0b-4f3a7c1e8d20"


@dataclass
class World:
    """Values worth asking for."""

    ids: Mapping[str, Sequence[str]]
    """Kind -> ids of the tenant asked; "foreign" and "absent" for others."""
    instants: Sequence[str]
    positions: Sequence[str]
    texts: Sequence[str]
    cursors: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """List -> (sort, cursor), as answers gave them."""

    def harvest(self, answer: bytes) -> None:
        """Keep the cursors of an answer."""
        _walk(json.loads(answer), self._keep)

    def _keep(self, text: str) -> None:
        try:
            plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        except ValueError:
            return
        if plain.startswith("1|"):
            listing, sort = plain.split("|")[1:3]
            kept = self.cursors.setdefault(listing, [])
            kept.append((sort, text))
            del kept[:-200]


def _walk(value: Any, visit: Callable[[str], None]) -> None:
    if isinstance(value, dict):
        for each in value.values():
            _walk(each, visit)
    elif isinstance(value, list):
        for each in value:
            _walk(each, visit)
    elif isinstance(value, str):
        visit(value)


def world_of(past: Past, tenant: str, rng: random.Random) -> World:
    """What a tenant may ask, and some that it may not."""
    ids = {kind: [str(each) for each in known] for (owner, kind), known in past.ids.items() if owner == tenant}
    ids["foreign"] = [str(each) for (owner, _), known in past.ids.items() if owner != tenant for each in known]
    ids["absent"] = [ABSENT]
    ids["stage"] = [
        str(stage.id) for each in past.versions if isinstance(each.document, Pipeline) for stage in each.document.stages
    ]
    instants = {each.recorded.meta.recorded_at for each in past.versions}
    instants |= {each.recorded.meta.occurred_at for each in past.versions}
    printed = sorted(each.isoformat().replace("+00:00", "Z") for each in instants)
    edges = ("2027-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-11-21T13:59:58+01:00")
    return World(
        ids=ids,
        instants=[*rng.sample(printed, 80), *edges],
        positions=["0", str(past.head), *(str(rng.randint(1, past.head)) for _ in range(50))],
        texts=("a", "Acme", "é", "retail", "north", "", "%", "_", "\\", '"'),
    )
