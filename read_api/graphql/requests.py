"""Reads a GraphQL request from HTTP, or says what is wrong with it."""

from typing import Any

import msgspec
import orjson
from graphql import GraphQLError
from starlette.requests import Request

from read_api.errors import ApiError, bad_request


class GraphQLRequest(msgspec.Struct, frozen=True, rename="camel"):
    """The body of a POST."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None


class BadRequest(Exception):
    """The request is refused with an HTTP status of its own."""

    def __init__(self, status: int, error: GraphQLError) -> None:
        super().__init__(error.message)
        self.status = status
        self.error = error


async def read_request(request: Request, *, limit: int) -> GraphQLRequest:
    """The request of a POST with a JSON body of at most ``limit`` bytes; raises BadRequest."""
    _check_content(request)
    return parse_request(await _read_body(request, limit))


def _check_content(request: Request) -> None:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if media_type.strip().lower() != "application/json" or charset not in ("", "charset=utf-8", "charset=utf8"):
        raise BadRequest(415, bad_request("send the operation as JSON: `Content-Type: application/json`, in UTF-8"))
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise BadRequest(415, bad_request("send the body as it is, without Content-Encoding"))


async def _read_body(request: Request, limit: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise BadRequest(413, _too_large(limit))
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BadRequest(413, _too_large(limit))
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limit: int) -> ApiError:
    return bad_request(f"the body has more than {limit} bytes, which is the limit")


def parse_request(body: bytes | str) -> GraphQLRequest:
    """A request from JSON; raises BadRequest."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(400, bad_request(f"the body is not JSON in UTF-8: {error}")) from error
    if isinstance(given, list):
        raise BadRequest(400, bad_request("several operations in one request are not accepted: send them one by one"))
    try:
        return msgspec.convert(given, GraphQLRequest)
    except msgspec.ValidationError as error:
        what = f"the body is not a GraphQL request, an object with `query` and perhaps `variables`: {error}"
        raise BadRequest(400, bad_request(what)) from error
