"""What can be imported, and by which commands."""

from collections.abc import Mapping
from functools import cache
from typing import Any, get_type_hints
from uuid import UUID

import msgspec

from write_side.domain.account import (
    ArchiveAccount,
    AssignAccountOwner,
    AssignAccountTerritory,
    ChangeAccountDetails,
    OpenAccount,
    RestoreAccount,
)
from write_side.domain.account_hierarchy import SetAccountParent
from write_side.domain.activity import (
    CancelActivity,
    CompleteActivity,
    LogActivity,
    ReassignActivity,
    RescheduleActivity,
    ScheduleActivity,
)
from write_side.domain.contact_commands import (
    ArchiveContact,
    AssignContactOwner,
    ChangeContactDetails,
    CreateContact,
    LinkContactAccount,
    RestoreContact,
)
from write_side.domain.deal import (
    ChangeDealAmount,
    ChangeDealCloseDate,
    ChangeDealOwner,
    ChangeDealProduct,
    ChangeDealStage,
    LoseDeal,
    OpenDeal,
    WinDeal,
)
from write_side.domain.decider import Command
from write_side.domain.lead_commands import (
    ArchiveLead,
    AssignLeadOwner,
    CaptureLead,
    ChangeLeadDetails,
    ConvertLead,
    DisqualifyLead,
    QualifyLead,
    RestoreLead,
    ScoreLead,
)
from write_side.domain.product import ListProduct, RepriceProduct, RetireProduct
from write_side.domain.team import AssignTeamManager, AssignTeamRegion, CreateTeam
from write_side.domain.user import AssignUserManager, AssignUserRegion, CreateUser, JoinTeam

Commands = tuple[type[Command], ...]

REFERENCES = {
    "account_id": "account",
    "contact_id": "contact",
    "deal_id": "deal",
    "lead_id": "lead",
    "manager_id": "user",
    "owner_id": "user",
    "parent_id": "account",
    "pipeline_id": "pipeline",
    "product_id": "product",
    "stage_id": "stage",
    "team_id": "team",
}
"""Field that names another entity -> the kind of that entity."""


RELATED = {"lead_id": "lead", "contact_id": "contact", "account_id": "account", "deal_id": "deal"}
"""Field of an activity -> the kind of what it is about."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of entity that rows become."""

    name: str
    created: tuple[str, ...]
    """Wire names of the events with which an entity begins."""
    create: type[Command]
    create_with: Mapping[str, type[Command]] = {}
    """Field -> the command that is sent instead of ``create`` where the row has this field."""
    changes: Commands
    """What is sent instead of it when the entity is there already, as far as the row has their fields."""
    links: Commands = ()
    """Sent after either, where the row has the first field of theirs."""
    late: Commands = ()
    """Links between entities of the same file: sent when all of its rows are there."""
    outcomes: Mapping[str, type[Command]] = {}
    """Name of a rule -> the command for it, in the order in which they happen."""
    archive: type[Command] | None = None
    """Takes from the lists what should not have been imported."""
    stays: str = ""
    """Why there is no such command."""
    restore: tuple[type[Command], str] | None = None
    """Brings back what was archived, and the wire name of its event."""


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="lead",
            created=("lead.captured",),
            create=CaptureLead,
            changes=(ChangeLeadDetails, AssignLeadOwner),
            links=(ScoreLead,),
            outcomes={"disqualified": DisqualifyLead, "qualified": QualifyLead, "converted": ConvertLead},
            archive=ArchiveLead,
            restore=(RestoreLead, "lead.restored"),
        ),
        Kind(
            name="contact",
            created=("contact.created",),
            create=CreateContact,
            changes=(ChangeContactDetails, AssignContactOwner),
            links=(LinkContactAccount,),
            archive=ArchiveContact,
            restore=(RestoreContact, "contact.restored"),
        ),
        Kind(
            name="account",
            created=("account.opened",),
            create=OpenAccount,
            changes=(ChangeAccountDetails, AssignAccountOwner, AssignAccountTerritory),
            late=(SetAccountParent,),
            archive=ArchiveAccount,
            restore=(RestoreAccount, "account.restored"),
        ),
        Kind(
            name="product",
            created=("product.listed",),
            create=ListProduct,
            changes=(RepriceProduct,),
            archive=RetireProduct,
        ),
        Kind(
            name="deal",
            created=("deal.opened",),
            create=OpenDeal,
            changes=(ChangeDealStage, ChangeDealAmount, ChangeDealCloseDate, ChangeDealOwner, ChangeDealProduct),
            outcomes={"won": WinDeal, "lost": LoseDeal},
            stays="a deal is never taken from the figures of its pipeline: lose it, with a reason",
        ),
        Kind(
            name="user",
            created=("user.created",),
            create=CreateUser,
            changes=(AssignUserManager, AssignUserRegion),
            links=(JoinTeam,),
            stays="a user stays, since what they did names them",
        ),
        Kind(
            name="team",
            created=("team.created",),
            create=CreateTeam,
            changes=(AssignTeamManager, AssignTeamRegion),
            stays="a team stays: let its members leave it",
        ),
        Kind(
            name="activity",
            created=("activity.logged", "activity.scheduled"),
            create=LogActivity,
            create_with={"due_at": ScheduleActivity},
            changes=(RescheduleActivity, ReassignActivity),
            outcomes={"completed": CompleteActivity, "cancelled": CancelActivity},
            archive=CancelActivity,
        ),
    )
}


@cache
def fields_of(command: type[Command]) -> Mapping[str, Any]:
    """The fields of a command beside its id, and their types without None, UNSET and bounds."""
    hints = get_type_hints(command)
    return {name: _plain(hints[name]) for name in command.__struct_fields__ if name != "id"}


@cache
def row_fields(kind: str) -> Mapping[str, Any]:
    """What a mapping may name for a kind, and the types."""
    known = KINDS[kind]
    fields: dict[str, Any] = {}
    for command in (known.create, *known.create_with.values(), *known.changes, *known.links, *known.late):
        fields |= fields_of(command)
    if fields.pop("related", None) is not None:
        fields |= dict.fromkeys(RELATED, UUID)
    fields.pop("attributes", None)
    return fields


@cache
def required(command: type[Command]) -> tuple[str, ...]:
    """Fields without which a command cannot be made, its id left out."""
    return tuple(
        field.name
        for field in msgspec.structs.fields(command)
        if field.name != "id" and field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
    )


def _plain(hint: Any) -> Any:
    choices = [one for one in getattr(hint, "__args__", ()) if one not in (type(None), msgspec.UnsetType)]
    is_union = type(None) in getattr(hint, "__args__", ()) or msgspec.UnsetType in getattr(hint, "__args__", ())
    return choices[0] if is_union else hint
