"""Commands whose modules are imported when they run: a killed relay need not wait for what only the API uses."""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from replay_tools.ending import told_in_one_line


class LazyCommands(TyperGroup):
    """Knows its commands by name. A subclass says in `places` where each is: "module:function", or ":group"."""

    places: ClassVar[Mapping[str, str]]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = {name: TyperCommand(name) for name in self.places}

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, imported now; the help of the whole asks for every one."""
        place = self.places.get(cmd_name)
        return None if place is None else _imported(cmd_name, place)

    def invoke(self, ctx: Any) -> Any:
        """Whichever command it is, what it needs and has not is told in one line."""
        with told_in_one_line():
            return super().invoke(ctx)


def _imported(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    with _no_collecting():
        found: Callable[..., object] | typer.Typer = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return typer.main.get_command(alone)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Modules are there to stay: looking for garbage among them takes a third of the time that they take, in vain."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
