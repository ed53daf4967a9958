"""The client of EventStoreDB and KurrentDB: ``kurrentdbclient``, or the older ``esdbclient`` where that is installed.

Both are by the same author and have the same methods; names differ, and so do the URL schemes that they take.
"""

import importlib
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from write_side.adapters.kurrent_url import of_older_name


class ClientMissing(ImportError):
    """Neither client is installed."""

    def __init__(self) -> None:
        super().__init__(
            "EventStoreDB and KurrentDB need a client that is not installed: pip install 'eventcrm[kurrentdb]' "
            "(or 'eventcrm[esdb]' for the older esdbclient; only one of the two)"
        )


class Library(NamedTuple):
    """What is used of the client. Its types are ``Any``, since only one of two modules is there to take them from."""

    name: str
    client: type[Any]
    new_event: type[Any]
    checkpoint: type[Any]
    no_stream: Any
    error: type[Exception]
    not_found: type[Exception]
    wrong_version: type[Exception]
    not_leader: type[Exception]
    too_large: type[Exception]
    final: tuple[type[Exception], ...]
    """Errors that the same call would meet again."""
    transport: tuple[type[Exception], ...]
    """What gRPC raises below the client."""

    def url(self, url: str) -> str:
        """As this client takes it."""
        return of_older_name(url) if self.name == "esdbclient" else url


@cache
def library() -> Library:
    """The one that is installed; raises ClientMissing."""
    for name, prefix in (("kurrentdbclient", "KurrentDB"), ("esdbclient", "EventStoreDB")):
        if (module := _imported(name)) is not None:
            return _library(module, prefix)
    raise ClientMissing


def _imported(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return None
        raise


def _library(module: ModuleType, prefix: str) -> Library:
    errors = importlib.import_module(f"{module.__name__}.exceptions")
    grpc = importlib.import_module("grpc")  # which comes with either

    def error(name: str) -> type[Exception]:
        """The newer library ends all names in Error, the older one some."""
        found: type[Exception] = getattr(errors, f"{name}Error", None) or getattr(errors, name)
        return found

    too_large = error("MaximumAppendSizeExceeded")
    final = ("AccessDenied", "StreamIsDeleted", "InvalidTransaction", "BadRequest")
    return Library(
        name=module.__name__,
        client=getattr(module, f"Async{prefix}Client"),
        new_event=module.NewEvent,
        checkpoint=module.Checkpoint,
        no_stream=module.StreamState.NO_STREAM,
        error=getattr(errors, f"{prefix}ClientError", None) or getattr(errors, f"{prefix}ClientException"),
        not_found=error("NotFound"),
        wrong_version=error("WrongCurrentVersion"),
        not_leader=error("NodeIsNotLeader"),
        too_large=too_large,
        final=(error("NotFound"), error("WrongCurrentVersion"), too_large, *(error(name) for name in final)),
        transport=(grpc.RpcError, grpc.aio.UsageError),
    )
