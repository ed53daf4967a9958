"""Leads and contacts that may be the same, found in the views: who is alike in one way is compared in all."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import msgspec

from read_api.as_of import Reader
from read_api.duplicates import Group, Match, Person, compare, folded, group_of

EACH_WAY = 100
"""Others with whom somebody is compared, of those who are alike in one way."""
CHUNK = 250
"""People whose candidates are looked for at once."""
LOOKED_AT = 5_000
"""People among whom one page of groups is looked for."""
COMPARED = 200_000
"""Comparisons after which a page ends, though it be short: of names that very many have."""
ROUNDS = 6
"""How often those who are like those who are like somebody are looked for."""


class PersonKind(Enum):
    """What duplicates are found of."""

    LEAD = "lead"
    CONTACT = "contact"

    @property
    def plural(self) -> str:
        """In the names of the queries."""
        return f"{self.value}s"


class Page(msgspec.Struct, frozen=True):
    """Some groups, each by the first id of its members, and where to go on."""

    groups: Sequence[Group]
    reached: UUID | None
    """Whoever comes after this one was not looked at; None: nobody was."""
    has_more: bool


class DuplicateSearch:
    """Reads in a transaction that is bound to the tenant."""

    def __init__(self, reader: Reader, kind: PersonKind) -> None:
        self._reader = reader
        self._kind = kind
        self._people: dict[UUID, Person] = {}
        self._matches: dict[UUID, dict[UUID, Match]] = {}
        self._comparisons = 0

    async def of(self, person: UUID, first: int) -> list[tuple[UUID, Match]]:
        """Who is like them, the likeliest first."""
        await self._match([person])
        found = sorted(self._matches[person].items(), key=lambda each: (-each[1].score, each[0]))
        return found[:first]

    async def groups(self, first: int, after: UUID | None) -> Page:
        """Groups in the order of their members' smallest id. A page may be short, and not the last all the same.

        Not by score: that is known of those who were compared, so the first page would have to compare everybody.
        """
        found: list[Group] = []
        reached, looked_at = after, 0
        while looked_at < LOOKED_AT and self._comparisons < COMPARED:
            seeds = [row["id"] for row in await self._reader.fetch(statement("ids", self._kind), reached, CHUNK)]
            await self._match_all(seeds)
            for seed in seeds:
                if not self._matches[seed] or (group := group_of(seed, self._matches)).members[0] < seed:
                    continue
                if len(found) == first:
                    return Page(found, found[-1].members[0] if found else after, has_more=True)
                found.append(group)
            if len(seeds) < CHUNK:
                return Page(found, seeds[-1] if seeds else reached, has_more=False)
            reached, looked_at = seeds[-1], looked_at + len(seeds)
        return Page(found, reached, has_more=True)

    async def _match_all(self, seeds: Sequence[UUID]) -> None:
        """The seeds, and all who belong to one group with them, as far as that goes on."""
        waiting = [seed for seed in seeds if seed not in self._matches]
        for _ in range(ROUNDS):
            if not waiting:
                return
            await self._match(waiting)
            near = {other for one in waiting for other in self._matches[one]}
            waiting = sorted(near - self._matches.keys())[:CHUNK]

    async def _match(self, people: Sequence[UUID]) -> None:
        pairs: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for row in await self._reader.fetch(statement("duplicate", self._kind), people, EACH_WAY):
            pairs[row["id"]].append(row["other"])
        await self._know({*pairs, *(other for others in pairs.values() for other in others)})
        self._comparisons += sum(map(len, pairs.values()))
        await asyncio.to_thread(self._compare, people, pairs)  # other operations go on meanwhile

    def _compare(self, people: Sequence[UUID], pairs: Mapping[UUID, Sequence[UUID]]) -> None:
        for person in people:
            matches = {other: self._compared(person, other) for other in pairs.get(person, ())}
            self._matches[person] = {other: match for other, match in matches.items() if match is not None}

    async def _know(self, people: Collection[UUID]) -> None:
        unknown = [person for person in people if person not in self._people]
        for row in await self._reader.fetch(statement("people", self._kind), unknown) if unknown else ():
            self._people[row["id"]] = _person(row)

    def _compared(self, one: UUID, other: UUID) -> Match | None:
        if (known := self._matches.get(other, {}).get(one)) is not None:
            return known
        return compare(self._people[one], self._people[other])


def _person(row: Any) -> Person:
    return Person(
        id=row["id"],
        words=folded(row["name"]),
        email=row["email"],
        phone_e164=row["phone_e164"],
        phone_block=row["phone_block"],
        company=folded(row["company"]),
        accounts=frozenset(row["accounts"]),
    )


@cache
def statement(what: str, kind: PersonKind) -> str:
    """The query for ``ids``, ``duplicate`` or ``people`` of a kind."""
    return files("read_api.queries").joinpath(f"{what}_{kind.plural}.sql").read_text(encoding="utf-8")
