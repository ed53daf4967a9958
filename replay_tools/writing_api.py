"""The API over a store of its own, for `crm up` and for `crm api`."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

import read_api.bootstrap
import write_side.bootstrap
from read_api.app import ReadyState
from read_api.bootstrap import Addresses, Api, Secrets
from replay_tools.tables import log_tables_url
from write_side.application.ports import EventStore
from write_side.application.transact import Transactor


class WritingApi(NamedTuple):
    """The API, and what decides its commands."""

    api: Api
    transactor: Transactor
    store: EventStore


@asynccontextmanager
async def writing_api(addresses: Addresses, secrets: Secrets, ready: ReadyState) -> AsyncIterator[WritingApi]:
    """The API over a store of its own, with the process managers that finish what its commands begin."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            write_side.bootstrap.event_store(
                addresses.event_store_url,
                postgres_url=addresses.postgres_url,
                master_secret=secrets.master,
                redis_url=addresses.redis_url,
            )
        )
        transactor = write_side.bootstrap.transactor(store=store, master_secret=secrets.master)
        api = await stack.enter_async_context(
            read_api.bootstrap.application(
                addresses=addresses, secrets=secrets, transact=transactor.transact, ready=ready
            )
        )
        managers = await stack.enter_async_context(
            write_side.bootstrap.process_managers(log_tables_url(addresses), store=store, transact=transactor.transact)
        )
        api.metrics.show_failures(lambda: {name: failures.count for name, failures in managers.failures.items()})
        yield WritingApi(api, transactor, store)
