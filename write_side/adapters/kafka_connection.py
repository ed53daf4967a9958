"""What aiokafka does not know of uvloop: a connection that is closed says so by RuntimeError, not by OSError.

Unknown to aiokafka (its issue 1038), that error ends the task which keeps its picture of the cluster, silently; whoever
needs the picture then waits for ever. It comes when something is sent in the moment between the end of a connection and
its being noticed, as when a broker is killed.
"""

from functools import wraps
from typing import Any, Final

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_send: Final = AIOKafkaConnection.send


@wraps(_send)
def _send_or_close(self: Any, *args: Any, **options: Any) -> Any:
    try:
        return _send(self, *args, **options)
    except RuntimeError as error:
        self.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error


def survive_closed_connections() -> None:
    """From now on, of all of aiokafka's connections in this process."""
    AIOKafkaConnection.send = _send_or_close
