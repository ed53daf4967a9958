"""Two ways to do one thing, measured in turns in one run, with the baseline against itself to show the noise."""

import gc
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random

Measure = Callable[[], Awaitable[float]]
"""Does some work and answers with its rate, or with its cost: the same for all that is compared."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Ratios of all rounds: the median, and the middle half."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least two values."""
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median=median, low=low, high=high)

    def __str__(self) -> str:
        return f"{self.median:.2f}x ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a ratio of candidate to baseline is to be."""

    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        return f"at least {self.at_least}x" if self.at_least is not None else f"at most {self.at_most}x"

    def is_met(self, ratio: float) -> bool:
        """Both bounds, where they are given."""
        return (self.at_least is None or ratio >= self.at_least) and (self.at_most is None or ratio <= self.at_most)


async def compare(
    title: str, *, candidate: Measure, baseline: Measure, goal: Goal | None, rounds: int = 9, unit: str = "/s"
) -> Spread:
    """Measure all in every round, in an order that changes, and print the ratio; a first round is not counted."""
    taken: dict[str, list[float]] = {"candidate": [], "baseline": [], "again": []}
    measures = {"candidate": candidate, "baseline": baseline, "again": baseline}
    order = Random(0)
    for counts in (False, *(True,) * rounds):
        for name in order.sample(sorted(measures), k=len(measures)):
            gc.collect()
            value = await measures[name]()
            if counts:
                taken[name].append(value)
    both = [sum(pair) / 2 for pair in zip(taken["baseline"], taken["again"], strict=True)]
    ratio = Spread.of(_ratios(taken["candidate"], both))
    control = Spread.of(_ratios(taken["again"], taken["baseline"]))
    _report(title, ratio, control, goal, {name: statistics.median(values) for name, values in taken.items()}, unit)
    return ratio


def _ratios(values: Sequence[float], to: Sequence[float]) -> list[float]:
    return [value / base for value, base in zip(values, to, strict=True)]


def _report(
    title: str, ratio: Spread, control: Spread, goal: Goal | None, medians: dict[str, float], unit: str
) -> None:
    print(f"{title}: {ratio}", end="")
    if goal is not None:
        print(f", goal {goal}: {'met' if goal.is_met(ratio.median) else 'MISSED'}", end="")
    print(
        f"\n  {medians['candidate']:,.0f}{unit} to {medians['baseline']:,.0f}{unit}; baseline to itself {control}",
        flush=True,
    )
