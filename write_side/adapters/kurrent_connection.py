"""A connection to EventStoreDB / KurrentDB: calls that are sent once, what is an outage, and coming back from it."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Self, TypeVar

from event_schemas.ports import EventLogUnavailable
from write_side.adapters.kurrent_library import Library, library
from write_side.adapters.kurrent_url import InvalidEventStoreUrl

T = TypeVar("T")

PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)
"""Seconds between attempts: a server that was restarted, or a new leader, is there within them."""
CALL_SECONDS = 120.0
"""How long one read may take. A filter that leaves out nearly everything makes the server look at much; a peer that has
vanished is noticed sooner, by keep-alive."""
_KEEP_ALIVE_MS = 10_000

_CHANNEL = {
    # A new channel means a new connection: shared ones go on waiting before they try a dead server again.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 1_000,
    "grpc.max_reconnect_backoff_ms": 1_000,
}


class PositionUnknown(Exception):
    """No event of the log is at this position."""


class ConnectionLost(ConnectionError):
    """What was read was cut off: it may lack its end."""


class _Session:
    """One client with its connection. It is closed when nobody uses it any more.

    Never sooner: whoever waits on a client that is closed may wait for ever, or take what came so far for all there is.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._users = 0
        self._is_retired = False

    @asynccontextmanager
    async def used(self) -> AsyncIterator[Any]:
        """The client, for one call and its answers."""
        self._users += 1
        try:
            yield self._client
        finally:
            self._users -= 1
            if self._is_retired and not self._users:
                await self._client.close()

    async def retire(self) -> None:
        """Another one has taken its place."""
        self._is_retired = True
        if not self._users:
            await self._client.close()

    async def end(self) -> None:
        """Break off what is under way."""
        await asyncio.sleep(0)  # what was begun just now has to begin, or its end would not be noticed
        await self._client.close()


class KurrentConnection:
    """Calls of a client that is made when it is first needed, so the server may come up later.

    The client's methods are called below their own retries: they would send an append again without a look at what is
    stored, and wait where callers of ours have their own patience.
    """

    def __init__(self, url: str, *, library: Library, pauses: Sequence[float] = PAUSES) -> None:
        self.library = library
        self.pauses = pauses
        self.generation = 0
        """Counts connections."""
        self.closed = False
        self.failures: tuple[type[Exception], ...] = (library.error, *library.transport, OSError)
        """All that a call may raise because of the server."""
        self._url = url
        self._unused: Any = _client(library, url)  # made now, to refuse a URL that cannot be used
        self._session: _Session | None = None
        self._renewing = asyncio.Lock()

    @classmethod
    def to(cls, url: str, *, pauses: Sequence[float] = PAUSES) -> Self:
        """Raises ClientMissing and InvalidEventStoreUrl; nothing is sent yet."""
        return cls(url, library=library(), pauses=pauses)

    async def close(self) -> None:
        """Ends all subscriptions; nothing may be called afterwards."""
        self.closed = True
        async with self._renewing:
            session, self._session = self._session, None
        if session is not None:
            await session.end()

    async def call(self, method: str, *args: Any, **options: Any) -> Any:
        """One call of the client's method, sent once."""
        session = await self._connected()
        async with session.used() as client:
            return await _once(client, method)(client, *args, **options)

    async def records(self, method: str, *args: Any, **options: Any) -> AsyncGenerator[Any, None]:
        """What a reading method answers, record by record. Raises ConnectionLost where it may lack its end."""
        async with self.subscribed(method, *args, timeout=CALL_SECONDS, **options) as answers:
            async for record in answers:
                yield record
        # a client that is closed, or whose caller is cancelled, may end what it reads as if that were all
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise asyncio.CancelledError
        if self.closed:
            raise ConnectionLost("the log was closed while it was read")

    @asynccontextmanager
    async def subscribed(self, method: str, *args: Any, **options: Any) -> AsyncIterator[Any]:
        """What a method answers that goes on answering."""
        session = await self._connected()
        async with session.used() as client:
            answers = await _once(client, method)(client, *args, **options)
            try:
                yield answers
            finally:
                await answers.stop()

    async def read(self, method: str, *args: Any, **options: Any) -> list[Any]:
        """All that a reading method answers."""
        async with aclosing(self.records(method, *args, **options)) as records:
            return [record async for record in records]

    async def attempt(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it again after an outage, a few times; raises EventLogUnavailable then. ``work`` only reads."""
        for pause in (*self.pauses, None):
            generation = self.generation
            try:
                return await work()
            except self.failures as error:
                self.check(error)
                if pause is None or self.closed:
                    raise EventLogUnavailable(no_answer(error)) from error
                await self.recover(error, generation=generation, pause=pause)
        raise AssertionError  # the last attempt has no pause

    def check(self, error: Exception) -> None:
        """Raises what the same call would meet again: PositionUnknown, or the client's error as it is."""
        if is_unknown_position(error):
            raise PositionUnknown(str(error)) from error
        if isinstance(error, self.library.final):
            raise error

    async def recover(self, error: Exception, *, generation: int, pause: float) -> None:
        """Wait, then connect anew, to the leader if the error names it; unless another caller has done so by then.

        ``generation`` is what it was before the call that failed.
        """
        await asyncio.sleep(pause)  # backoff: nothing tells when a server is back
        async with self._renewing:
            if generation != self.generation or self.closed or self._session is None:
                return
            try:
                session = await self._connect(self._leader(error))
            except self.failures:  # who calls next is told, and comes here again
                return
            old, self._session = self._session, session
        await old.retire()

    async def _connected(self) -> _Session:
        if self._session is not None:
            return self._session
        async with self._renewing:
            if self.closed:
                raise EventLogUnavailable("the log is closed")
            if self._session is None:
                self._session = await self._connect(None)
            return self._session

    async def _connect(self, target: str | None) -> _Session:
        client, self._unused = self._unused or _client(self.library, self._url), None
        await client.connect()
        if target is not None:
            await client.reconnect(target)
        self.generation += 1
        return _Session(client)

    def _leader(self, error: Exception) -> str | None:
        if not isinstance(error, self.library.not_leader):
            return None
        if self.library.name == "esdbclient":
            target: str | None = error.leader_grpc_target  # type: ignore[attr-defined] # only the older client has it
            return target
        host, port = getattr(error, "host", None), getattr(error, "port", None)
        return f"{host}:{port}" if host and port else None


def _once(client: Any, method: str) -> Any:
    """The client's method below its retries."""
    return inspect.unwrap(getattr(type(client), method))


def is_unknown_position(error: Exception) -> bool:
    """Servers of different ages say it differently, and the clients make different errors of it."""
    return "invalidposition" in str(error).lower().replace(" ", "")


def no_answer(cause: BaseException) -> str:
    """What to say about an outage."""
    return f"the event store does not answer: {str(cause) or type(cause).__name__}"


def _client(library: Library, url: str) -> Any:
    try:
        client = library.client(library.url(url))
    except (ValueError, OSError) as error:  # an option that does not exist, a CA file that is not there
        raise InvalidEventStoreUrl(url, str(error)) from None
    client.grpc_options = tuple(_options(dict(client.grpc_options)).items())
    return client


def _options(of_url: dict[str, Any]) -> dict[str, Any]:
    """Also where the URL has no keepAliveInterval: a peer that vanished must not leave a subscription waiting for ever.

    The older client hands the interval on under a name that gRPC does not know.
    """
    interval = of_url.pop("grpc.keepalive_ms", _KEEP_ALIVE_MS)
    keep_alive = {"grpc.keepalive_time_ms": interval, "grpc.keepalive_timeout_ms": _KEEP_ALIVE_MS}
    return _CHANNEL | keep_alive | of_url
