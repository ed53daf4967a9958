"""The relay as a process: runs until it is told to end."""

import asyncio
import signal

from write_side.bootstrap import relay


async def run(*, event_store_url: str, kafka_url: str, kafka_prefix: str = "") -> None:
    """Until SIGINT or SIGTERM; a second one ends it without a good-bye to Kafka. Raises TransportNotReady."""
    async with relay(event_store_url=event_store_url, kafka_url=kafka_url, kafka_prefix=kafka_prefix) as running:
        work = asyncio.create_task(running.run(), name="relay")
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)
        await asyncio.wait([work])
        if not work.cancelled():
            work.result()
