"""The named statements of the .sql files: a line ``-- name --``, a comment that says what it answers, the statement."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "sql"
_NAME = re.compile(r"^-- (\w+) --$", re.MULTILINE)


@cache
def queries(file: str) -> Mapping[str, str]:
    """Name -> statement, of ``sql/<file>.sql``."""
    _, *parts = _NAME.split((_FOLDER / f"{file}.sql").read_text())
    return dict(zip(parts[::2], parts[1::2], strict=True))
