"""The commands of a row, numbered."""

from datetime import datetime
from typing import NamedTuple

from write_side.domain.decider import Command

RESTORE, CHANGES, LINKS, OUTCOMES, LATE, CONSENTS = 1, 10, 20, 30, 40, 100
"""Where the numbers of a row's commands begin: a command has the same number whatever else is sent."""


class Step(NamedTuple):
    """One command of a row. ``number`` tells it from the others of its row, for ever."""

    number: int
    command: Command
    occurred_at: datetime | None
