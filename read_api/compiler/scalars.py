"""Columns as JSON text, printed as read_api.values prints them."""

from enum import Enum
from typing import Any

from graphql import GraphQLEnumType, GraphQLList, GraphQLNonNull, GraphQLOutputType, get_named_type

from read_api.compiler.errors import NotCompilable, Reason
from read_api.compiler.text import quoted


def scalar_text(column: str, wrapped: GraphQLOutputType) -> str:
    """SQL for a column as JSON; null, and not 'null', where the type says that there is none."""
    inner: Any = wrapped.of_type if isinstance(wrapped, GraphQLNonNull) else wrapped
    if isinstance(inner, GraphQLList):
        return _list(column, inner)
    named = get_named_type(inner)
    text = _enum(column, named) if isinstance(named, GraphQLEnumType) else _scalar(column, named.name)
    return text if isinstance(wrapped, GraphQLNonNull) else f"coalesce({text},'null')"


def _list(column: str, wrapped: GraphQLList[Any]) -> str:
    """A jsonb list of strings."""
    if get_named_type(wrapped).name != "String":
        raise NotCompilable(Reason.UNSUPPORTED)
    return _scalar(column, "JSON")


def _scalar(column: str, name: str) -> str:
    match name:
        case "ID" | "BigInt":
            return quoted(column)
        case "Date":
            return quoted(date_text(column))
        case "Int" | "Boolean":
            return f"{column}::text"
        case "String":
            return f"to_json({column}::text)::text"
        case "DateTime":
            return f"replace(to_json({column})::text,'+00:00','Z')"
        case "JSON":
            # jsonb prints a space after each comma and colon outside strings
            return rf"""regexp_replace({column}::text,'("(?:[^"\\]|\\.)*")|([,:]) ','\1\2','g')"""
        case _:
            raise NotCompilable(Reason.UNSUPPORTED)


def date_text(column: str) -> str:
    """A day as text; the driver stores the first and the last day that Python knows as infinities."""
    return f"case {column} when 'infinity' then '9999-12-31' when '-infinity' then '0001-01-01' else {column}::text end"


def _enum(column: str, enum: GraphQLEnumType) -> str:
    branches = " ".join(f"""when '{_plain(value.value)}' then '"{name}"'""" for name, value in enum.values.items())
    return f"case {column} {branches} end"


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
