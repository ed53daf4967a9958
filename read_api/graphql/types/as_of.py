"""The argument ``asOf``."""

from datetime import datetime
from typing import Any

import strawberry

from read_api.as_of import Clock

ClockEnum = strawberry.enum(
    Clock, name="Clock", description="RECORDED: when the log took an event. OCCURRED: when it was true in the business."
)


@strawberry.input(description="As of when: an instant of either clock, or a position of the log.")
class AsOf:
    """Either ``at``, with a clock, or ``position``."""

    at: datetime | None = strawberry.UNSET
    clock: Clock | None = Clock.RECORDED
    position: str | None = strawberry.UNSET

    def given(self) -> dict[str, Any]:
        """The fields, None where nothing was sent."""
        return {
            "at": self.at or None,
            "clock": self.clock,
            "position": None if self.position is strawberry.UNSET else self.position,
        }
