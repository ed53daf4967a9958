"""What can be wrong with a file, a mapping or a row; each message is one line for the person who imports."""


class BadFile(Exception):
    """The file cannot be read, or not any further."""


class BadMapping(Exception):
    """The mapping says something that is not understood; names the place."""


class BadRow(Exception):
    """A row is no good. ``code`` is for machines, ``field`` is the mapping's name, or "" for the row as a whole."""

    def __init__(self, message: str, *, code: str, field: str = "", value: str = "") -> None:
        super().__init__(message)
        self.message, self.code, self.field, self.value = message, code, field, value
