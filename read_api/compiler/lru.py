"""A bounded cache that forgets what was not asked for longest."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lru(Generic[K, V]):
    """Holds values of at most ``limit`` weight together; for one event loop, not for threads."""

    def __init__(self, limit: int, weigh: Callable[[V], int]) -> None:
        self._limit = limit
        self._weigh = weigh
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._weight = 0

    def get(self, key: K) -> V | None:
        """The value, which is now the newest."""
        if (value := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> V:
        """Keep a value, unless it is too heavy by itself; returns it."""
        self._forget(key)
        if (weight := self._weigh(value)) <= self._limit:
            self._kept[key] = value
            self._weight += weight
        while self._weight > self._limit:
            self._forget(next(iter(self._kept)))
        return value

    def _forget(self, key: K) -> None:
        if (value := self._kept.pop(key, None)) is not None:
            self._weight -= self._weigh(value)

    def __len__(self) -> int:
        return len(self._kept)
