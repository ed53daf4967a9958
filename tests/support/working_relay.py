"""A relay at work in the test's own process, between a real log and a real Kafka."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from write_side.adapters.kafka import Kafka
from write_side.application.relay import Relay
from write_side.bootstrap import relay


@asynccontextmanager
async def relaying(log_url: str, kafka: Kafka) -> AsyncIterator[Relay]:
    """Ended when left."""
    async with relay(event_store_url=log_url, kafka_url=kafka.servers, kafka_prefix=kafka.prefix) as running:
        work = asyncio.create_task(running.run())
        try:
            yield running
        finally:
            work.cancel()
            await asyncio.wait([work])
