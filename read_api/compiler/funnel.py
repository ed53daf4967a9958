"""The funnel: leads by where they came from and who follows them, and how many of them got how far."""

from enum import Enum

from graphql import FieldNode, GraphQLField

from read_api.compiler.arguments import Value, constant
from read_api.compiler.dimensions import Naming, Neighbour
from read_api.compiler.entities import LEADS, USERS
from read_api.compiler.errors import NotCompilable, Reason
from read_api.compiler.frame import Frame, MomentSql
from read_api.compiler.grouped import behind, dimensions_of, grouped_text
from read_api.compiler.paging import RowText
from read_api.compiler.summary import Base, Selected, Summary
from read_api.compiler.text import Json


class FunnelDimension(Enum):
    """By what leads are grouped."""

    SOURCE = "source"
    OWNER = "owner"
    CAMPAIGN = "campaign"


NAMINGS = {
    FunnelDimension.SOURCE: Naming("lead.source"),
    FunnelDimension.OWNER: Naming("owner.name", (Neighbour("owner", USERS, "owner.id=lead.owner_id"),)),
    FunnelDimension.CAMPAIGN: Naming("lead.campaign"),
}

COUNTED = "not lead.archived and lead.status<>'merged'"
"""Leads that count: those that a list of leads shows when it is asked for nothing in particular."""

RATE_STEPS = 10_000
"""A rate has four decimals."""
DAY_STEPS = 100
"""Days have two decimals."""
MICROS_A_DAY = 86_400_000_000

_LEADS = Selected(
    entity=LEADS,
    alias="lead",
    columns="lead.id,lead.status,lead.captured_at,"
    "(extract(epoch from lead.converted_at-lead.captured_at)*1000000)::bigint as converting",
    condition=COUNTED,
)

_CONVERTED = " filter (where b.status='converted')"
_COUNTS = {
    "captured": "count(*)",
    "qualified": "count(*) filter (where b.status in ('qualified','converted'))",
    "disqualified": "count(*) filter (where b.status='disqualified')",
    "converted": f"count(*){_CONVERTED}",
}


def funnel_text(
    frame: Frame,
    definition: GraphQLField,
    nodes: list[FieldNode],
    arguments: dict[str, Value],
    moment: MomentSql,
    row_text: RowText,
) -> str:
    """The root field's text; raises an ApiError."""
    names = dimensions_of(FunnelDimension, arguments.get("groupBy", constant(None)).sample)
    base = Base(frame, _LEADS, [NAMINGS[name] for name in names], row_text)
    return grouped_text(base, definition, nodes, moment, _member)


def _member(summary: Summary, nodes: list[FieldNode], type_name: str) -> Json:
    match nodes[0].name.value:
        case "captured" | "qualified" | "disqualified" | "converted" as name:
            return Json.sql(f"{summary.add(_COUNTS[name])}::text")
        case "conversionRate":
            converted, captured = summary.add(_COUNTS["converted"]), summary.add(_COUNTS["captured"])
            return Json.sql(_decimal(converted, captured, RATE_STEPS))
        case "averageDaysToConvert":
            total = summary.add(f"coalesce(sum(b.converting){_CONVERTED},0)")
            count = summary.add(f"count(b.converting){_CONVERTED}")
            return Json.sql(_decimal(total, f"{count}*{MICROS_A_DAY}", DAY_STEPS))
        case "leads":
            return behind(summary, nodes, type_name)
        case _:
            raise NotCompilable(Reason.RESOLVER)


def _decimal(dividend: str, divisor: str, steps: int) -> str:
    """A quotient of integers that are not negative, rounded half up to whole steps, as JSON; null for no divisor."""
    whole = f"div(2*{dividend}::numeric*{steps}+{divisor},nullif(2*({divisor}),0))"
    # a numeric of whole steps prints exactly; a Float always shows a decimal
    printed = f"trim_scale({whole}/{steps})::text"
    return f"coalesce({printed}||case when position('.' in {printed})=0 then '.0' else '' end,'null')"
