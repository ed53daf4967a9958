"""A protocol double of EventStoreDB / KurrentDB: real gRPC on real sockets, in the process of the tests.

It is no EventStoreDB: no such server can be had where these tests run. It has the server's rules as far as the platform
leans on them, and goes wrong on demand. What it takes or how fast says nothing about a real server.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio  # type: ignore[import-untyped] # it has no types

from tests.support.kurrent_double_faults import Faults
from tests.support.kurrent_double_log import DoubleLog
from tests.support.kurrent_double_protocol import protocol
from tests.support.kurrent_double_streams import DoubleStreams

_OPTIONS = (
    ("grpc.so_reuseport", 0),
    # the real server lets clients ask often whether it is still there; gRPC's own would throw them out
    ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
    ("grpc.max_receive_message_length", 32 * 1024 * 1024),
)


class Tls:
    """What the server shows, and whom it lets in."""

    def __init__(self, key: bytes, certificate: bytes, *, authorization: str) -> None:
        self.key, self.certificate, self.authorization = key, certificate, authorization


class KurrentDouble:
    """One node. Nodes that are given the same log are a cluster: ``follow`` makes one of them the other's follower."""

    def __init__(self, *, log: DoubleLog | None = None, tls: Tls | None = None) -> None:
        self.log = log or DoubleLog()
        self.faults = Faults()
        self.port = 0
        self.members: tuple[KurrentDouble, ...] = (self,)
        self._following: KurrentDouble | None = None
        self._tls = tls
        self._server: Any = None
        self.streams: DoubleStreams

    @property
    def url(self) -> str:
        """As a client without TLS takes it."""
        return f"esdb://127.0.0.1:{self.port}?tls=false"

    def follow(self, leader: "KurrentDouble | None") -> None:
        """Send writers to that node from now on; None: be the leader."""
        self._following = leader

    async def start(self) -> None:
        """Serve on 127.0.0.1, on the port of before if there was one."""
        self._server = server = grpc.aio.server(options=_OPTIONS, interceptors=self._interceptors())
        self.streams = DoubleStreams(self.log, self.faults, leader=self._leader)
        protocol("streams_pb2_grpc").add_StreamsServicer_to_server(
            _servicer("streams", "Streams", self.streams), server
        )
        protocol("gossip_pb2_grpc").add_GossipServicer_to_server(_servicer("gossip", "Gossip", _Gossip(self)), server)
        address = f"127.0.0.1:{self.port}"
        if self._tls is None:
            self.port = server.add_insecure_port(address)
        else:
            credentials = grpc.ssl_server_credentials([(self._tls.key, self._tls.certificate)])
            self.port = server.add_secure_port(address, credentials)
        await server.start()

    async def stop(self) -> None:
        """At once, as a server that is killed; the log stays."""
        if self._server is not None:
            server, self._server = self._server, None
            await server.stop(grace=None)

    async def restart(self) -> None:
        """With the same log, at the same port."""
        await self.stop()
        await self.start()

    @property
    def is_leader(self) -> bool:
        """Whether it takes writes."""
        return self._following is None

    def _leader(self) -> tuple[str, int] | None:
        return None if self._following is None else ("127.0.0.1", self._following.port)

    def _interceptors(self) -> list[Any]:
        return [] if self._tls is None else [_BasicAuthentication(self._tls.authorization)]


@asynccontextmanager
async def kurrent_double(**options: Any) -> AsyncIterator[KurrentDouble]:
    """One node, while the context is open."""
    double = KurrentDouble(**options)
    await double.start()
    try:
        yield double
    finally:
        await double.stop()


def _servicer(module: str, service: str, methods: object) -> Any:
    """The generated servicer with these methods in place of its own, which answer UNIMPLEMENTED."""
    base = getattr(protocol(f"{module}_pb2_grpc"), f"{service}Servicer")
    own = {name: getattr(methods, name) for name in dir(methods) if name[0].isupper()}
    return type(f"Double{service}", (base,), {name: staticmethod(method) for name, method in own.items()})()


class _Gossip:
    """Tells who is in the cluster."""

    def __init__(self, node: KurrentDouble) -> None:
        self._node = node

    async def Read(self, _request: Any, _context: Any) -> Any:  # noqa: N802 -- the protocol names it
        gossip = protocol("gossip_pb2")
        states = gossip.MemberInfo.VNodeState
        return gossip.ClusterInfo(
            members=[
                gossip.MemberInfo(
                    state=states.Value("Leader" if member.is_leader else "Follower"),
                    is_alive=True,
                    http_end_point=gossip.EndPoint(address="127.0.0.1", port=member.port),
                )
                for member in self._node.members
            ]
        )


class _BasicAuthentication(grpc.aio.ServerInterceptor):  # type: ignore[misc] # of an untyped library
    """Refuses who does not show the right user and password."""

    def __init__(self, authorization: str) -> None:
        self._expected = authorization

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        shown = dict(details.invocation_metadata).get("authorization")
        if shown == self._expected:
            return await continuation(details)

        async def refuse(_request: Any, context: Any) -> None:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the double: who are you?")

        return grpc.unary_unary_rpc_method_handler(refuse)
