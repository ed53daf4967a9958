"""An immutable mapping of accounts to their parents that stays quick for many: a change copies one of 1,024 leaves."""

from collections.abc import Iterator
from typing import TypeVar
from uuid import UUID

import msgspec

T = TypeVar("T")

_WIDTH = 32
_MIX = 0x9E3779B97F4A7C15
"""Spreads ids that were counted up, or made from a clock, over all leaves as well as random ones."""

Leaf = dict[UUID, UUID]
Branch = tuple[Leaf, ...]

_EMPTY: tuple[Branch, ...] = (tuple({} for _ in range(_WIDTH)),) * _WIDTH


class Parents(msgspec.Struct, frozen=True):
    """Child -> parent. Nothing in it is ever changed: ``assign`` answers another mapping, which shares most leaves."""

    branches: tuple[Branch, ...] = _EMPTY

    def of(self, child: UUID) -> UUID | None:
        """The parent, or None."""
        branch, leaf = _place(child)
        return self.branches[branch][leaf].get(child)

    def assign(self, child: UUID, parent: UUID | None) -> "Parents":
        """The mapping in which the child has this parent, or none."""
        at, position = _place(child)
        leaf = dict(self.branches[at][position])
        if parent is None:
            leaf.pop(child, None)
        else:
            leaf[child] = parent
        branch = _with(self.branches[at], position, leaf)
        return Parents(_with(self.branches, at, branch))

    def ancestors(self, account: UUID) -> Iterator[UUID]:
        """The account, its parent, that one's parent and so on; ends where a cycle would begin again."""
        seen: set[UUID] = set()
        at: UUID | None = account
        while at is not None and at not in seen:
            yield at
            seen.add(at)
            at = self.of(at)


def _place(child: UUID) -> tuple[int, int]:
    mixed = (hash(child) * _MIX) & 0xFFFFFFFFFFFFFFFF
    return mixed >> 59, (mixed >> 54) & (_WIDTH - 1)


def _with(items: tuple[T, ...], index: int, item: T) -> tuple[T, ...]:
    return (*items[:index], item, *items[index + 1 :])
