"""What the resolvers of one operation see, and the connection that operations come over."""

from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime
from typing import Any, Protocol

import msgspec

from event_schemas.ports import EventLog
from event_schemas.streams import TenantId
from read_api.as_of import Reader
from read_api.authentication import Identity
from read_api.cards import Cards
from read_api.consistency import Consistency
from read_api.counters import LiveCounters
from read_api.database import Database
from read_api.errors import Unauthenticated
from read_api.feed import Feeds
from read_api.graphql.bells import Bells
from read_api.search import Search


class TenantLogs(Protocol):
    """The log, one tenant at a time."""

    def of_tenant(self, tenant: TenantId) -> EventLog:
        """The events of this tenant and no other."""


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """What operations use, wired once per process."""

    database: Database
    cards: Cards
    feeds: Feeds
    counters: LiveCounters
    search: Callable[[Reader, TenantId], Search]
    """Of a tenant, whose transaction reads."""
    logs: TenantLogs
    transact: Callable[[Any, Any], Awaitable[Any]]
    consistency: Consistency
    bells: Bells
    clock: Callable[[], datetime]


class Context:
    """One operation's surroundings. Mutation fields and subscription items renew what they read with."""

    def __init__(self, identity: Identity, services: Services) -> None:
        self.identity = identity
        self.tenant = identity.tenant
        self.user_id = identity.user_id
        self.role: str = identity.role
        self.now = services.clock()
        self.database = services.database
        self.cards = services.cards
        self.feeds = services.feeds
        self.counters = services.counters
        self.search = services.search
        self.log = services.logs.of_tenant(identity.tenant)
        self.transact = services.transact
        self.consistency = services.consistency
        self.bells = services.bells
        self.clock = services.clock
        self.loaders: dict[Hashable, Any] = {}
        self.transaction = self.database.transaction(self.tenant)

    async def renew(self) -> None:
        """Go on with a new transaction, as of a new moment."""
        await self.transaction.close()
        self.loaders = {}
        self.transaction = self.database.transaction(self.tenant)
        self.now = self.clock()

    async def close(self) -> None:
        """End the transaction."""
        await self.transaction.close()


class Connection:
    """An HTTP request, or a websocket with its many operations; each operation opens its own context."""

    def __init__(self, services: Services, identity: Identity | None) -> None:
        self._services = services
        self.identity = identity
        self.connection_params: Any = None
        """The payload of a websocket's connection_init."""

    def open(self) -> Context:
        """A context for one operation; raises Unauthenticated while it is unknown who asks, or no longer valid."""
        if self.identity is None:
            raise Unauthenticated("this connection has not been authenticated")
        if self.identity.expires_at <= self._services.clock():
            raise Unauthenticated("the token has expired: connect again with a new one")
        return Context(self.identity, self._services)
