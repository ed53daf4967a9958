"""Ports that a data folder keeps: who was connected finds the server again where it was."""

import contextlib
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from replay_tools.embedded.errors import PortTaken, ServerFailed

_LOWEST: Final = 20_000
_CLIENTS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


@contextmanager
def kept_port(file: Path) -> Iterator[int]:
    """The port that the file names; the first time one is chosen and written. PortTaken then says what can be done."""
    if not file.exists():
        file.write_text(f"{new_port()}\n")
    text = file.read_text().strip()
    if not text.isdigit():
        raise ServerFailed(f"{file} names no port: delete it for another one")
    try:
        yield int(text)
    except PortTaken as error:
        raise PortTaken(f"{error}: end what uses {text}, or delete {file} for another one") from error


def new_port() -> int:
    """A port that nobody uses, where the kernel allows of those that it gives to no client.

    So it stays free while its server is away, also from clients that try to connect to it and could meet themselves.
    """
    end = int(_CLIENTS.read_text().split()[0])
    while True:
        port = _LOWEST + secrets.randbelow(end - _LOWEST) if end > _LOWEST else 0
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
