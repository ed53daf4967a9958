"""The messages and servicers of the EventStoreDB / KurrentDB protocol, from inside the client that is installed."""

import importlib
from typing import Any

from write_side.adapters.kurrent_library import library

_FOLDERS = {"kurrentdbclient": "kurrentdbclient.protos.v1", "esdbclient": "esdbclient.protos.Grpc"}


def protocol(name: str) -> Any:
    """One generated module: ``streams_pb2``, ``gossip_pb2_grpc``, ..."""
    return importlib.import_module(f"{_FOLDERS[library().name]}.{name}")
