"""Ports in the addresses of servers, checked before any client meets them: each client says it in another way."""

import re
from typing import Final

_AUTHORITY: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?P<all>[^/?#]*)", re.IGNORECASE)
_LARGEST: Final = 65535


def check_ports(url: str) -> None:
    """For URLs, also with several hosts, and for lists such as HOST:PORT,HOST:PORT. Raises ValueError."""
    authority = _AUTHORITY.match(url)
    hosts = authority["all"].rpartition("@")[2] if authority else ""
    for host in hosts.split(","):
        port = _port(host.strip())
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) <= _LARGEST):
            raise ValueError(f"a port is no number from 1 to {_LARGEST}")


def _port(host: str) -> str:
    """What follows the name or the address; nothing after an IPv6 address without brackets, which has none."""
    if host.startswith("["):
        return host.rpartition("]")[2].removeprefix(":")
    _name, _, port = host.partition(":")
    return "" if ":" in port else port
