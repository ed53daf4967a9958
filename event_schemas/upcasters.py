"""Payloads of old versions, brought to the next version one step at a time. None of these is ever deleted."""

from collections.abc import Callable
from typing import Any

Payload = dict[str, Any]
Upcaster = Callable[[Payload], Payload]


def deal_lost_v1(payload: Payload) -> Payload:
    """v1 had the reason as free text; v2 has a reason code that reports can group by, and the text as detail."""
    return {"stage_id": payload["stage_id"], "reason": "other", "detail": payload["reason"]}


UPCASTERS: dict[tuple[str, int], Upcaster] = {
    ("deal.lost", 1): deal_lost_v1,
}
"""(wire name, stored version) -> the function to version + 1."""


class NoUpcaster(LookupError):
    """A stored version has no way to the current one."""


def upcast(name: str, payload: Payload, *, stored: int, current: int) -> Payload:
    """Bring a payload from its stored version to the current one; raises NoUpcaster."""
    for version in range(stored, current):
        if (step := UPCASTERS.get((name, version))) is None:
            raise NoUpcaster(f"{name} v{version} has no upcaster to v{version + 1}")
        payload = step(payload)
    return payload
