"""The named statements of the .sql files beside this module: ``-- name -- what it is for``, then the statement."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_HEADING = re.compile(r"^-- (?P<name>\w+) -- .+$", re.MULTILINE)


@cache
def statements(file: str) -> Mapping[str, str]:
    """The statements of one file by their names; read once."""
    text = files("projections.sinks").joinpath(file).read_text(encoding="utf-8")
    parts = _HEADING.split(text)[1:]
    return {name: body.strip().rstrip(";") for name, body in zip(parts[::2], parts[1::2], strict=True)}
