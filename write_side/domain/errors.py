"""How a command is refused."""

from typing import ClassVar


class Rejected(Exception):
    """A business rule forbids the command. Subclasses name the rule; nothing was appended.

    ``code`` is the wire name (SCREAMING_SNAKE of the class name), ``field`` the input field at fault, if one is.
    """

    field: ClassVar[str | None] = None

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.at = field or type(self).field

    @property
    def code(self) -> str:
        """``StageNotOpen`` -> ``STAGE_NOT_OPEN``."""
        name = type(self).__name__
        return "".join("_" + c if c.isupper() and i else c for i, c in enumerate(name)).upper()
