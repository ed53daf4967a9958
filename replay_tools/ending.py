"""How a command ends: its exit code, and one line for what it needs and has not."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import NoReturn

import typer

from event_schemas.ports import EventLogUnavailable
from replay_tools.embedded.errors import EmbeddedError
from write_side.adapters.kurrent_library import ClientMissing
from write_side.adapters.kurrent_url import InvalidEventStoreUrl


class Exit(IntEnum):
    """What the exit code says."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNAVAILABLE = 3
    CONFLICT = 4
    MISMATCH = 5


class Unavailable(Exception):
    """Something that a command needs is taken, down or not named; the message is for the person at the terminal."""


def fail(message: str, code: Exit) -> NoReturn:
    """One line on stderr, and the exit code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """What is not there ends any command with exit code 3 and its reason; a traceback would tell nothing more."""
    try:
        yield
    except (Unavailable, EmbeddedError, EventLogUnavailable, ClientMissing, InvalidEventStoreUrl) as error:
        fail(" ".join(str(error).split()), Exit.UNAVAILABLE)
