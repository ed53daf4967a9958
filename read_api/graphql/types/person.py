"""What leads and contacts say of a person."""

from typing import Any

import orjson
import strawberry

from event_schemas.people import normal_email
from read_api.graphql.fields import column, items, where
from read_api.values import parse_text


@strawberry.type(description="A free attribute, as an import or a form brought it.")
class Attribute:
    """An item of the column ``attributes``."""

    name: str = column()
    value: str = column()


def _attributes(record: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(record["attributes"])
    return found


def attributes() -> Any:
    """The field: every attribute, in the order in which they were first named."""
    return items(
        "(select e.n, e.item->>'name' as name, e.item->>'value' as value"
        " from jsonb_array_elements({row}.attributes) with ordinality e (item, n))",
        _attributes,
    )


def _email(value: Any) -> str:
    return normal_email(parse_text(value))


def of_email() -> Any:
    """A filter's field: the e-mail address is this one, without regard to case."""
    return where("{row}.email_normal = {value}", "text", parse=_email)


def of_phone() -> Any:
    """A filter's field: the phone number is this one, as it was given or in the international form."""
    return where("({row}.phone = {value} or {row}.phone_e164 = {value})", "text", parse=parse_text)
