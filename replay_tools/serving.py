"""Serving the API over HTTP in the foreground, with other work beside it that ends it when it fails."""

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import uvicorn

from read_api.bootstrap import Api
from replay_tools.ending import Unavailable
from write_side.adapters.ending import ended

HOST = "127.0.0.1"
GRACE_SECONDS = 1
"""How long open requests may take to end after Ctrl-C."""
MESSAGE_BYTES = 1_000_000
"""The longest message that a websocket takes; as long as a body of HTTP."""


@contextmanager
def listening(port: int, host: str = HOST) -> Iterator[socket.socket]:
    """The API's socket, taken before anything else is started."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:  # named, or asyncio leaves Nagle on
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1024)
        except OSError as error:
            raise Unavailable(f"port {port} of {host} is not free ({error.strerror}): choose another port") from error
        yield listener


async def serve(api: Api, listener: socket.socket, *beside: Coroutine[Any, Any, None]) -> None:
    """Serve until SIGINT or SIGTERM; what runs beside ends then. If it fails before, so does this."""
    config = uvicorn.Config(
        api.app, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_SECONDS, ws_max_size=MESSAGE_BYTES
    )
    server = _Server(config, stop_streams=api.stop_streams)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    tasks = [asyncio.create_task(work) for work in beside]
    for task in tasks:
        task.add_done_callback(server.stop_on_failure)
    await server.serve(sockets=[listener])
    await ended(tasks)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: those of the command end everything as a whole."""

    capture_signals = nullcontext  # type: ignore[assignment] # a context manager that does nothing

    def __init__(self, config: uvicorn.Config, *, stop_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop_streams = stop_streams

    def stop(self) -> None:
        """End; asked a second time, at once."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stop_streams()

    def stop_on_failure(self, task: asyncio.Task[None]) -> None:
        """A start that failed ends what already serves."""
        if not task.cancelled() and task.exception() is not None:
            self.stop()
