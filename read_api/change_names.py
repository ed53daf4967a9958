"""How the API names what an event changes, where the payload does not say it by itself."""

from collections.abc import Mapping
from typing import Any

from event_schemas.lead import LeadConversionFailed, LeadConverted
from event_schemas.registry import Event

Json = Any

RENAMED: Mapping[tuple[str, str], str] = {
    ("deal.lost", "reason"): "loss_reason",
    ("deal.lost", "detail"): "loss_detail",
    ("deal.line_items_set", "items"): "line_items",
    ("account.merged", "into_id"): "merged_into_id",
    ("contact.merged", "into_id"): "merged_into_id",
    ("lead.merged", "into_id"): "merged_into_id",
    ("lead.scored", "model"): "score_model",
    ("lead.scored", "reasons"): "score_reasons",
    ("lead.disqualified", "reason"): "disqualification_reason",
    ("lead.disqualified", "detail"): "disqualification_detail",
    ("lead.conversion_failed", "step"): "conversion_step",
    ("lead.conversion_failed", "code"): "conversion_code",
    ("lead.conversion_failed", "reason"): "conversion_reason",
    ("lead.noted", "text"): "note",
}
"""Payload fields whose entity field has another name."""

_FITTING = {"disqualification_reason": None, "disqualification_detail": None}
_NOT_FAILED = {"conversion_step": None, "conversion_code": None, "conversion_reason": None}

IMPLIED: Mapping[str, Mapping[str, Json]] = {
    "deal.opened": {"status": "OPEN"},
    "deal.won": {"status": "WON"},
    "deal.lost": {"status": "LOST"},
    "deal.reopened": {"status": "OPEN", "loss_reason": None, "loss_detail": None},
    "account.opened": {"archived": False},
    "account.archived": {"archived": True},
    "account.restored": {"archived": False},
    "account.merged": {"archived": True},
    "product.listed": {"retired": False},
    "product.retired": {"retired": True},
    "user.left_team": {"team_id": None},
    "lead.captured": {"status": "NEW", "archived": False},
    "lead.qualified": {"status": "QUALIFIED", **_FITTING},
    "lead.disqualified": {"status": "DISQUALIFIED"},
    "lead.reopened": {"status": "NEW", **_FITTING},
    "lead.converted": {"status": "CONVERTED", **_NOT_FAILED},
    "lead.conversion_completed": {"conversion": "COMPLETED", **_NOT_FAILED},
    "lead.conversion_failed": {"conversion": "FAILED"},
    "lead.merged": {"status": "MERGED"},
    "lead.archived": {"archived": True},
    "lead.restored": {"archived": False},
    "contact.created": {"archived": False},
    "contact.archived": {"archived": True},
    "contact.restored": {"archived": False},
    "contact.merged": {"archived": True},
    "activity.logged": {"status": "DONE"},
    "activity.scheduled": {"status": "OPEN"},
    "activity.completed": {"status": "DONE"},
    "activity.cancelled": {"status": "CANCELLED"},
}
"""Fields that an event changes without holding them."""

UNSHOWN = frozenset(
    {
        ("user.left_team", "left_team_id"),
        *((f"activity.{what}", "person_id") for what in ("logged", "scheduled", "completed", "cancelled")),
        *(("lead.converted", target) for target in ("account", "contact", "deal")),
    }
)
"""Payload fields that are no fields of the entity."""


def derived(event: Event) -> Mapping[str, Json]:
    """Fields that follow from what an event holds."""
    match event:
        case LeadConverted():
            targets = {"account_id": event.account, "contact_id": event.contact, "deal_id": event.deal}
            ids = {name: None if target is None else str(target.id) for name, target in targets.items()}
            return {**ids, "conversion": "PENDING" if any(ids.values()) else "COMPLETED"}
        case LeadConversionFailed(step=failed):
            steps = list(type(failed))
            return {f"{step}_id": None for step in steps[steps.index(failed) :]}
        case _:
            return {}
