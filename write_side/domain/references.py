"""References from one aggregate to another: what a decision may know of the other, how a bad one is refused."""

from enum import Enum
from typing import Any, Protocol
from uuid import UUID

from write_side.domain.decider import Context, Ref
from write_side.domain.errors import Rejected


class Standing(Enum):
    """Whether an entity can be referred to by what is new."""

    ABSENT = "absent"
    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    """Archived or retired: what refers to it stays, nothing new may."""
    MERGED = "merged"
    """The same as another, which goes on: what is new refers to that one."""
    CONVERTED = "converted"
    """A lead that became a customer: what is new refers to what it became."""


class Referable(Protocol):
    """Every shape of an aggregate's state that others may name."""

    @property
    def standing(self) -> Standing:
        """How the entity stands now."""
        ...


class AccountNotFound(Rejected):
    """The account was never opened, or belongs to somebody else."""


class AccountIsArchived(Rejected):
    """An archived account accepts nothing more, and nothing new may refer to it."""


class AccountIsMerged(Rejected):
    """An account that was merged into another accepts nothing more, and nothing new may refer to it."""


class ContactNotFound(Rejected):
    """The contact was never created, or belongs to somebody else."""


class ContactIsArchived(Rejected):
    """An archived contact accepts nothing but being restored, and nothing new may refer to it."""


class ContactIsMerged(Rejected):
    """A contact that was merged into another accepts nothing more, and nothing new may refer to it."""


class DealNotFound(Rejected):
    """The deal was never opened, or belongs to somebody else."""


class LeadNotFound(Rejected):
    """The lead was never captured, or belongs to somebody else."""


class LeadIsArchived(Rejected):
    """An archived lead accepts nothing but being restored, and nothing new may refer to it."""


class LeadIsMerged(Rejected):
    """A lead that was merged into another accepts nothing more, and nothing new may refer to it."""


class LeadAlreadyConverted(Rejected):
    """A converted lead accepts nothing more, and nothing new may refer to it."""


class PipelineNotFound(Rejected):
    """The pipeline was never defined, or belongs to somebody else."""


class ProductNotFound(Rejected):
    """The product was never listed, or belongs to somebody else."""


class ProductIsRetired(Rejected):
    """A retired product accepts nothing more, and nothing new may refer to it."""


class TeamNotFound(Rejected):
    """The team was never created, or belongs to somebody else."""


class UserNotFound(Rejected):
    """The user was never created, or belongs to somebody else."""


_ABSENT: dict[str, type[Rejected]] = {
    "account": AccountNotFound,
    "contact": ContactNotFound,
    "deal": DealNotFound,
    "lead": LeadNotFound,
    "pipeline": PipelineNotFound,
    "product": ProductNotFound,
    "team": TeamNotFound,
    "user": UserNotFound,
}
_CLOSED: dict[tuple[str, Standing], type[Rejected]] = {
    ("account", Standing.WITHDRAWN): AccountIsArchived,
    ("account", Standing.MERGED): AccountIsMerged,
    ("contact", Standing.WITHDRAWN): ContactIsArchived,
    ("contact", Standing.MERGED): ContactIsMerged,
    ("lead", Standing.WITHDRAWN): LeadIsArchived,
    ("lead", Standing.MERGED): LeadIsMerged,
    ("lead", Standing.CONVERTED): LeadAlreadyConverted,
    ("product", Standing.WITHDRAWN): ProductIsRetired,
}
_HOW = {Standing.WITHDRAWN: "archived", Standing.MERGED: "merged into another", Standing.CONVERTED: "converted"}


def named(**ids: UUID | None) -> tuple[Ref, ...]:
    """What a command refers to, by kind: ``named(user=command.owner_id)``; None refers to nothing."""
    return tuple(Ref(kind, entity) for kind, entity in ids.items() if entity is not None)


def absent(kind: str, entity: UUID, *, field: str | None = None) -> Rejected:
    """The rejection of an entity that does not exist."""
    return _ABSENT[kind](f"{kind} {entity} does not exist: name one that does", field=field)


def withdrawn(
    kind: str,
    entity: UUID,
    *,
    field: str | None = None,
    standing: Standing = Standing.WITHDRAWN,
    into: UUID | None = None,
) -> Rejected:
    """The rejection of an entity that is archived or retired, or closed in the way that ``standing`` says.

    ``into``: the entity that goes on for a merged one.
    """
    if into is not None:
        return _CLOSED[kind, standing](f"{kind} {entity} was merged into {into}: name that one", field=field)
    how = "retired" if kind == "product" else _HOW[standing]
    return _CLOSED[kind, standing](f"{kind} {entity} is {how} and takes nothing new: name another {kind}", field=field)


def require(context: Context, kind: str, entity: UUID | None, *, field: str) -> Any:
    """The state of an entity that a command refers to (None: of nothing); raises when nothing new may refer to it."""
    if entity is None:
        return None
    state: Referable = context.related[Ref(kind, entity)]
    match state.standing:
        case Standing.ABSENT:
            raise absent(kind, entity, field=field)
        case Standing.ACTIVE:
            return state
        case standing:
            into: UUID | None = getattr(state, "into_id", None)
            raise withdrawn(kind, entity, field=field, standing=standing, into=into)
