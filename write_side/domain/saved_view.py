"""A saved view: a list with its filter and sort, kept by a user under a name, for themselves or for everybody."""

from typing import Any, assert_never
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from event_schemas.registry import Event
from event_schemas.saved_view import Definition, ListedKind, ViewChanged, ViewDeleted, ViewSaved
from event_schemas.values import Name
from write_side.domain.decider import Command, Context, Decider
from write_side.domain.errors import Rejected

CATEGORY = "saved_view"
CHANGEABLE = ViewChanged.__struct_fields__
"""Fields that ChangeView may send."""


class NotSaved(msgspec.Struct, frozen=True):
    """No such view."""


class Kept(msgspec.Struct, frozen=True):
    """The view is in use."""

    saved: ViewSaved
    now: ViewSaved
    """What holds now, in the shape in which it was saved."""


class Deleted(msgspec.Struct, frozen=True):
    """Nobody wants it any more."""

    saved: ViewSaved


State = NotSaved | Kept | Deleted


class SaveView(Command, frozen=True, kw_only=True):
    """Keep a list for later, with its filter as the API takes it, as JSON text."""

    kind: ListedKind
    name: Name
    filter: Definition = "{}"
    sort: Name | None = None
    shared: bool = False


class ChangeView(Command, frozen=True, kw_only=True):
    """Change a view's name, filter, sort or audience; what is not sent stays as it is."""

    name: Name | UnsetType = UNSET
    filter: Definition | UnsetType = UNSET
    sort: Name | None | UnsetType = UNSET
    shared: bool | UnsetType = UNSET


class DeleteView(Command, frozen=True, kw_only=True):
    """Keep the view no longer."""


Commands = SaveView | ChangeView | DeleteView


class ViewNotFound(Rejected):
    """The view was never saved, or is private to somebody else."""


class ViewAlreadySaved(Rejected):
    """A view with this id was saved with other content, or by somebody else."""

    field = "id"


class ViewOfSomebodyElse(Rejected):
    """A shared view is changed by its owner or an admin, a private one by its owner alone."""


class ViewIsDeleted(Rejected):
    """A deleted view accepts nothing more."""


class FilterIsNoObject(Rejected):
    """A filter is the text of one JSON object."""

    field = "filter"


initial_state: State = NotSaved()


def evolve(state: State, _entity: UUID, event: Event) -> State:
    """State after an event."""
    match state, event:
        case NotSaved(), ViewSaved():
            return Kept(event, event)
        case Kept(), ViewChanged():
            return Kept(state.saved, replace(state.now, **_sent(event)))
        case Kept(), ViewDeleted():
            return Deleted(state.saved)
        case ((NotSaved() | Kept() | Deleted()), _):
            return state
        case _:
            assert_never(state)


def _sent(change: ViewChanged | ChangeView) -> dict[str, Any]:
    return {field: value for field in CHANGEABLE if (value := getattr(change, field)) is not UNSET}


def decide(command: Commands, state: State, context: Context) -> tuple[Event, ...]:
    """Events of a command; () when the view already is as the command wants it."""
    match state:
        case NotSaved():
            if not isinstance(command, SaveView):
                raise _not_found(command.id)
            _check_filter(command.filter)
            return (_saved(command, context.actor),)
        case Kept():
            return _decide_kept(command, state, context)
        case Deleted():
            return _decide_deleted(command, state, context)
        case _:
            assert_never(state)


def _not_found(view: UUID) -> ViewNotFound:
    return ViewNotFound(f"view {view} does not exist: save it first")


def _saved(command: SaveView, owner: Name) -> ViewSaved:
    return ViewSaved(
        kind=command.kind,
        name=command.name,
        filter=command.filter,
        sort=command.sort,
        shared=command.shared,
        owner_id=owner,
    )


def _save_again(command: SaveView, saved: ViewSaved, actor: str) -> tuple[Event, ...]:
    """A repeat decides nothing, whatever the view went through since."""
    if _saved(command, actor) != saved:
        raise ViewAlreadySaved(f"view {command.id} was saved with other content: take another id")
    return ()


def _decide_kept(command: Commands, state: Kept, context: Context) -> tuple[Event, ...]:
    if isinstance(command, SaveView):
        return _save_again(command, state.saved, context.actor)
    _check_owner(command.id, state.now, context)
    if isinstance(command, DeleteView):
        return (ViewDeleted(),)
    changed = {field: value for field, value in _sent(command).items() if value != getattr(state.now, field)}
    if "filter" in changed:
        _check_filter(changed["filter"])
    return (ViewChanged(**changed),) if changed else ()


def _decide_deleted(command: Commands, state: Deleted, context: Context) -> tuple[Event, ...]:
    match command:
        case SaveView():
            return _save_again(command, state.saved, context.actor)
        case DeleteView():
            return ()
        case ChangeView():
            raise ViewIsDeleted("the view was deleted: save another one")
        case _:
            assert_never(command)


def _check_owner(view: UUID, now: ViewSaved, context: Context) -> None:
    """Raises ViewOfSomebodyElse, and ViewNotFound for what the actor must not even know of."""
    if context.actor == now.owner_id or (now.shared and context.admin):
        return
    if not now.shared:
        raise _not_found(view)
    raise ViewOfSomebodyElse(f"the view is {now.owner_id}'s: save your own")


def _check_filter(text: str) -> None:
    try:
        is_object = isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, RecursionError):
        is_object = False
    if not is_object:
        raise FilterIsNoObject("the filter is no JSON object: send it as the list takes it, or {} for all")


DECIDER: Decider[Commands, State] = Decider(
    category=CATEGORY, initial_state=initial_state, evolve=evolve, decide=decide
)
