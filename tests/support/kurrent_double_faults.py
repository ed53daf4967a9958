"""What goes wrong on demand in the protocol double."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Faults:
    """Each is a number of times that it is still going to happen."""

    unavailable: Counter[str] = field(default_factory=Counter)
    """By method (Read, BatchAppend, ...): refused before anything was done."""
    lost_answers: int = 0
    """Appends that are committed, and whose answer never arrives."""
    late_commits: int = 0
    """Appends whose answer is UNAVAILABLE, and that are committed when the next append arrives."""
    not_leader: int = 0
    """Calls that are sent to the leader instead."""
    duplicates: int = 0
    """Events that a reader of $all, or of a stream, is sent twice."""
    too_slow: int = 0
    """Subscriptions that are dropped with "Consumer too slow" after they were sent an event."""
    cut_off: int = 0
    """Reads and subscriptions whose connection breaks after they were sent an event."""
    happened: Counter[str] = field(default_factory=Counter)
    """How often each did happen, by its name."""

    def take(self, name: str) -> bool:
        """Whether this one is due now."""
        if getattr(self, name) <= 0:
            return False
        setattr(self, name, getattr(self, name) - 1)
        self.happened[name] += 1
        return True

    def take_unavailable(self, method: str) -> bool:
        """Whether a call of this method is refused now."""
        if self.unavailable[method] <= 0:
            return False
        self.unavailable[method] -= 1
        self.happened["unavailable"] += 1
        return True
