"""Ports in addresses of every form that servers have."""

import pytest

from replay_tools.ports_of_url import check_ports


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:pass:word@one:5432,two:5433/crm?sslmode=disable",
        "postgresql://user@/crm?host=/run/postgresql&port=abc",
        "esdb+discover://name:2113?tls=false",
        "esdb://[::1]:2113,[fe80::1]",
        "unix:///run/redis.sock?db=1",
        "127.0.0.1:9092,kafka:9093",
        "kafka, other",
        "fe80::abcd",
        "http://elastic",
    ],
)
def test_addresses_that_name_ports_or_none(url: str) -> None:
    """Several hosts, IPv6, sockets, passwords with colons: nothing to say."""
    check_ports(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:password@one:port/crm",
        "postgresql://one:5432,two:543x/crm",
        "esdb://[::1]:a?tls=false",
        "127.0.0.1:9092,kafka:none",
        "http://elastic:0",
        "http://elastic:65536",
        "redis://one:\N{SUPERSCRIPT TWO}",
    ],
)
def test_ports_that_are_none(url: str) -> None:
    """The reason shows nothing of the address."""
    with pytest.raises(ValueError, match=r"^a port is no number from 1 to 65535$"):
        check_ports(url)
