"""Forecasts: the deals of a currency, grouped by names, summed up, and listed behind each figure."""

from collections.abc import Iterable
from typing import Any

from graphql import FieldNode, GraphQLField, get_named_type

from read_api.compiler.arguments import Value, constant, plain
from read_api.compiler.connection import Asked, after_text, asked_of, moment_after
from read_api.compiler.dimensions import Dimension
from read_api.compiler.entities import DEALS
from read_api.compiler.errors import NotCompilable, Reason
from read_api.compiler.frame import Frame, MomentSql
from read_api.compiler.paging import PageSql, RowText, page_text
from read_api.compiler.sources import FigurePages
from read_api.compiler.summary import Forecast, Summary
from read_api.compiler.text import Json, json_object, list_text, quoted
from read_api.errors import bad_request

USUAL_CURRENCY = "USD"

FIGURES = {
    "open": ("open", "amount"),
    "weighted": ("open", "weighted"),
    "won": ("won", "amount"),
    "lost": ("lost", "amount"),
}
"""Figure -> the status of its deals, and the column that is summed up."""


def dimensions_of(names: Iterable[Any] | None) -> list[Dimension]:
    """Read the argument ``groupBy``; raises an ApiError (BAD_REQUEST)."""
    found = [Dimension(plain(name)) for name in names or ()]
    if len(set(found)) < len(found):
        raise bad_request("groupBy names a dimension twice")
    return found


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
    names = dimensions_of(arguments.get("groupBy", constant(None)).sample)
    currency = arguments.get("currency", constant(None)).map(currency_of)
    forecast = Forecast(frame, names, frame.statement.parameter(currency, "text"), row_text)
    type_name = get_named_type(definition.type).name
    members = []
    for key, same in frame.selections.below(nodes, type_name).items():
        match same[0].name.value:
            case "__typename":
                text = Json.constant(f'"{type_name}"')
            case "position":
                text = Json.sql(quoted(moment.position))
            case "totals":
                text = _totals(forecast, same, moment)
            case "groups":
                text = _groups(forecast, same, moment)
            case _:
                raise NotCompilable(Reason.RESOLVER)
        members.append((key, text))
    return json_object(members).render()


def _totals(forecast: Forecast, nodes: list[FieldNode], moment: MomentSql) -> Json:
    summary = Summary(forecast, moment, forecast.frame.statement.alias(), grouped=False)
    text = _figures(summary, nodes).render()
    return Json.sql(f"(select {text} from {summary.source()})")


def _groups(forecast: Forecast, nodes: list[FieldNode], moment: MomentSql) -> Json:
    summary = Summary(forecast, moment, forecast.frame.statement.alias(), grouped=True)
    members = []
    for key, same in forecast.frame.selections.below(nodes, "ForecastGroup").items():
        match same[0].name.value:
            case "__typename":
                text = Json.constant('"ForecastGroup"')
            case "key":
                names = "||','||".join(f"to_json({summary.alias}.{each})::text" for each in summary.keys)
                text = Json.sql(f"'['||{names}||']'") if names else Json.constant("[]")
            case "figures":
                text = _figures(summary, same)
            case _:
                raise NotCompilable(Reason.RESOLVER)
        members.append((key, text))
    if not summary.keys:
        return Json.constant("[]")
    rows = forecast.frame.statement.alias()
    keys = ",".join(f"{summary.alias}.{key}" for key in summary.keys)
    order = ",".join(f'{rows}.{key} collate "C"' for key in summary.keys)
    return Json.sql(
        f"(select {list_text(f'{rows}.j', order)}"
        f" from (select {json_object(members).render()} as j,{keys} from {summary.source()}) {rows})"
    )


def _figures(summary: Summary, nodes: list[FieldNode]) -> Json:
    members = []
    for key, same in summary.forecast.frame.selections.below(nodes, "ForecastFigures").items():
        name = same[0].name.value
        if name == "__typename":
            members.append((key, Json.constant('"ForecastFigures"')))
        elif name in FIGURES:
            members.append((key, _figure(summary, same, *FIGURES[name])))
        else:
            raise NotCompilable(Reason.RESOLVER)
    return json_object(members)


def _figure(summary: Summary, nodes: list[FieldNode], status: str, column: str) -> Json:
    of_status = f" filter (where b.status='{status}')"
    members = []
    for key, same in summary.forecast.frame.selections.below(nodes, "Figure").items():
        match same[0].name.value:
            case "__typename":
                text = Json.constant('"Figure"')
            case "count":
                text = Json.sql(f"{summary.add(f'count(*){of_status}')}::text")
            case "amount":
                text = _amount(summary, same, f"coalesce(sum(b.{column}){of_status},0)")
            case "deals":
                text = _deals(summary, same, of_status)
            case _:
                raise NotCompilable(Reason.RESOLVER)
        members.append((key, text))
    return json_object(members)


def _amount(summary: Summary, nodes: list[FieldNode], total: str) -> Json:
    members = []
    for key, same in summary.forecast.frame.selections.below(nodes, "Money").items():
        match same[0].name.value:
            case "__typename":
                text = Json.constant('"Money"')
            case "minor":
                text = Json.sql(quoted(summary.add(total)))
            case "currency":
                text = Json.sql(f"to_json({summary.forecast.currency})::text")
            case _:
                raise NotCompilable(Reason.RESOLVER)
        members.append((key, text))
    return json_object(members)


def _deals(summary: Summary, nodes: list[FieldNode], of_status: str) -> Json:
    frame = summary.forecast.frame
    definition = frame.object_type("Figure").fields["deals"]
    source = frame.declared("Figure", "deals").source
    if not isinstance(source, FigurePages):
        raise NotCompilable(Reason.RESOLVER)
    asked = asked_of(frame, source.listing, definition, frame.arguments(definition, nodes[0]))
    moment = moment_after(frame, asked, summary.moment)
    behind = summary.at(moment)
    page = _page(frame, source, asked, moment, behind, of_status)
    return page_text(frame, page, nodes, get_named_type(definition.type).name, summary.forecast.row_text)


def _page(
    frame: Frame, source: FigurePages, asked: Asked, moment: MomentSql, behind: Summary, of_status: str
) -> PageSql:
    condition = of_status
    if asked.after is not None:
        condition = f"{of_status[:-1]} and {after_text(frame, asked.sort, asked.after, 'b')})"
    ids = behind.add(f"array_agg(b.id order by {asked.sort.order_by('b')}){condition}")
    count = behind.add(f"count(*){of_status}")

    def rows(limit: int) -> str:
        place, deal = frame.statement.alias(), frame.statement.alias()
        return (
            f"(select {deal}.*,{place}.rank from unnest({ids}[1:{limit}]) with ordinality {place} (id,rank)"
            f" join {DEALS.relation(moment.point)} {deal} on {deal}.id={place}.id)"
        )

    return PageSql(
        list_name=source.listing.name,
        sort_name=asked.sort.name,
        key=asked.sort.key,
        first=asked.first,
        continues=asked.after is not None,
        moment=moment,
        rows=rows,
        rank=lambda alias: f"{alias}.rank",
        count=lambda: f"coalesce({count},0)",
    )
