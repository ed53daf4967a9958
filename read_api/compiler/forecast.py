"""Forecasts: the deals of a currency, grouped by names, summed up, and listed behind each figure."""

from graphql import FieldNode, GraphQLField

from read_api.compiler.arguments import Value, constant
from read_api.compiler.dimensions import NAMINGS, STAGE, Dimension
from read_api.compiler.entities import DEALS
from read_api.compiler.errors import NotCompilable, Reason
from read_api.compiler.frame import Frame, MomentSql
from read_api.compiler.grouped import behind, dimensions_of, grouped_text
from read_api.compiler.paging import RowText
from read_api.compiler.summary import Base, Selected, Summary
from read_api.compiler.text import Json, json_object, quoted
from read_api.errors import bad_request

USUAL_CURRENCY = "USD"

FIGURES = {
    "open": ("open", "amount"),
    "weighted": ("open", "weighted"),
    "won": ("won", "amount"),
    "lost": ("lost", "amount"),
}
"""Figure -> the status of its deals, and the column that is summed up."""


def currency_of(sent: str | None) -> str:
    """Read the argument ``currency``; raises an ApiError (BAD_REQUEST)."""
    if sent is None:
        return USUAL_CURRENCY
    if len(sent) == 3 and sent.isascii() and sent.isalpha() and sent.isupper():
        return sent
    raise bad_request("currency is a code of three capitals, such as USD")


def forecast_text(
    frame: Frame,
    definition: GraphQLField,
    nodes: list[FieldNode],
    arguments: dict[str, Value],
    moment: MomentSql,
    row_text: RowText,
) -> str:
    """The root field's text; raises an ApiError."""
    names = dimensions_of(Dimension, arguments.get("groupBy", constant(None)).sample)
    asked = arguments.get("currency", constant(None)).map(currency_of)
    currency = frame.statement.parameter(asked, "text")
    base = Base(frame, _deals(currency), [NAMINGS[name] for name in names], row_text)

    def member(summary: Summary, same: list[FieldNode], _type_name: str) -> Json:
        if (figure := FIGURES.get(same[0].name.value)) is None:
            raise NotCompilable(Reason.RESOLVER)
        return _figure(summary, same, currency, *figure)

    return grouped_text(base, definition, nodes, moment, member)


def _deals(currency: str) -> Selected:
    return Selected(
        entity=DEALS,
        alias="deal",
        columns="deal.id,deal.status,deal.opened_at,deal.amount_minor as amount,"
        "(deal.amount_minor*coalesce(stage.probability,0)+50)/100 as weighted",
        # nothing is known of how many have a currency among the states: a bare comparison would count as hardly any,
        # and then rows are joined one by one
        condition=f"coalesce(deal.currency={currency},false)",
        neighbours=(STAGE,),
    )


def _figure(summary: Summary, nodes: list[FieldNode], currency: str, status: str, column: str) -> Json:
    of_status = f" filter (where b.status='{status}')"
    members = []
    for key, same in summary.base.frame.selections.below(nodes, "Figure").items():
        match same[0].name.value:
            case "__typename":
                text = Json.constant('"Figure"')
            case "count":
                text = Json.sql(f"{summary.add(f'count(*){of_status}')}::text")
            case "amount":
                text = _amount(summary, same, currency, f"coalesce(sum(b.{column}){of_status},0)")
            case "deals":
                text = behind(summary, same, "Figure", of_status)
            case _:
                raise NotCompilable(Reason.RESOLVER)
        members.append((key, text))
    return json_object(members)


def _amount(summary: Summary, nodes: list[FieldNode], currency: str, total: str) -> Json:
    members = []
    for key, same in summary.base.frame.selections.below(nodes, "Money").items():
        match same[0].name.value:
            case "__typename":
                text = Json.constant('"Money"')
            case "minor":
                text = Json.sql(quoted(summary.add(total)))
            case "currency":
                text = Json.sql(f"to_json({currency})::text")
            case _:
                raise NotCompilable(Reason.RESOLVER)
        members.append((key, text))
    return json_object(members)
