"""The hierarchy of a tenant's accounts: one stream, so that no two commands can close a cycle between them."""

from uuid import UUID

import msgspec

from event_schemas.account import AccountParentSet
from event_schemas.registry import Event
from write_side.domain.decider import Command, Context, Decider, Ref
from write_side.domain.errors import Rejected
from write_side.domain.parents import Parents
from write_side.domain.references import Referable, Standing, absent, named, require, withdrawn

CATEGORY = "account_hierarchy"
KIND = "account"
STREAM_ID = "accounts"
LONGEST_PATH = 10
"""How many accounts of a cycle a message names before it leaves out the middle."""


class State(msgspec.Struct, frozen=True):
    """Who belongs to whom; there is always a hierarchy, at first without a parent for anyone."""

    parents: Parents = Parents()


class SetAccountParent(Command, frozen=True, kw_only=True):
    """Make an account a subsidiary of another, or of none."""

    parent_id: UUID | None


class AccountCycle(Rejected):
    """No account is above itself, directly or through others."""

    field = "parentId"


initial_state = State()


def evolve(state: State, _entity: UUID, event: Event) -> State:
    """State after an event."""
    if isinstance(event, AccountParentSet):
        return State(state.parents.assign(event.account_id, event.parent_id))
    return state


def reads(command: SetAccountParent, _state: State) -> tuple[Ref, ...]:
    """Both accounts."""
    return (*named(account=command.id), *named(account=command.parent_id))


def decide(command: SetAccountParent, state: State, context: Context) -> tuple[Event, ...]:
    """Events of a command; () when the account already has this parent."""
    child, parent = command.id, command.parent_id
    account: Referable = context.related[Ref(KIND, child)]
    if account.standing is Standing.ABSENT:
        raise absent(KIND, child)
    if state.parents.of(child) == parent:
        return ()
    if account.standing is not Standing.ACTIVE:
        raise withdrawn(KIND, child, standing=account.standing)
    if parent is not None:
        require(context, KIND, parent, field="parentId")
        _check_cycle(child, parent, state.parents)
    return (AccountParentSet(account_id=child, parent_id=parent),)


def _check_cycle(child: UUID, parent: UUID, parents: Parents) -> None:
    above = []
    for ancestor in parents.ancestors(parent):
        above.append(ancestor)
        if ancestor == child:
            raise AccountCycle(
                f"the account would be above itself: {_path([child, *above])}; name a parent that is not below it"
            )


def _path(accounts: list[UUID]) -> str:
    names = [str(account) for account in accounts]
    if len(names) > LONGEST_PATH:
        half = LONGEST_PATH // 2
        names = [*names[:half], f"({len(names) - 2 * half} more)", *names[-half:]]
    return " -> ".join(names)


DECIDER: Decider[SetAccountParent, State] = Decider(
    category=CATEGORY,
    kind=KIND,
    initial_state=initial_state,
    evolve=evolve,
    decide=decide,
    reads=reads,
    stream_id=lambda _command: STREAM_ID,
)
