"""Whose feed is asked for, and how much of it: the arguments of ``feed``, read and checked."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from event_schemas.streams import START, Position
from event_schemas.token import decode_token
from read_api.compiler.arguments import page_size
from read_api.errors import ApiError, bad_request, not_found
from read_api.feed import Items, newest
from read_api.values import parse_id

_TABLES = {"user": "user_list", "team": "team_list", "account": "account_list"}
_MEMBERS = "select id from user_list where tenant = current_setting('crm.tenant') and team_id = $1 order by id"


async def asked_feed(context: Any, arguments: Mapping[str, Any]) -> Items:
    """The items of ``feed(first, userId, teamId, accountId, readAfter)``; raises an ApiError."""
    first = page_size(arguments.get("first"))
    given = {kind: parse_id(value) for kind in _TABLES if (value := arguments.get(f"{kind}Id")) is not None}
    if len(given) > 1:
        raise bad_request("feed takes one of `userId`, `teamId` and `accountId`, or none for your own feed")
    at_least = seen(arguments.get("readAfter"))
    if not given:
        return await newest(context, _own(context.user_id), first, at_least=at_least)
    ((kind, wanted),) = given.items()
    found = await newest(context, await _feeds(context, kind, wanted), first, at_least=at_least)
    if not found and not await exists(context, kind, wanted):
        raise not_found()
    return found


def seen(read_after: str | None) -> Position:
    """The position that a token demands; it has been found valid, and waited for, before."""
    return decode_token(read_after).position if read_after else START


async def exists(context: Any, kind: str, wanted: UUID) -> bool:
    """Whether there is such a user, team or account."""
    sql = f"select exists (select from {_TABLES[kind]} where tenant = current_setting('crm.tenant') and id = $1)"
    (row,) = await context.transaction.fetch(sql, wanted)
    return bool(row[0])


def _own(user_id: str) -> Sequence[str]:
    """A token may write the id of a user in capitals: what the user did is under that name, what is theirs is not."""
    try:
        names = {user_id: None, str(parse_id(user_id)): None}
    except ApiError:
        names = {user_id: None}  # a name of some other form
    return [f"user:{name}" for name in names]


async def _feeds(context: Any, kind: str, wanted: UUID) -> Sequence[str]:
    """A team's feed is those of the users who are in it now."""
    if kind != "team":
        return [f"{kind}:{wanted}"]
    return [f"user:{row['id']}" for row in await context.transaction.fetch(_MEMBERS, wanted)]
