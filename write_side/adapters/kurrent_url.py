"""URLs of EventStoreDB and KurrentDB: their schemes, and showing one without its password."""

import re
from urllib.parse import urlsplit

_OLDER = {
    "esdb": "esdb",
    "esdb+discover": "esdb+discover",
    "kurrentdb": "esdb",
    "kurrentdb+discover": "esdb+discover",
    "kdb": "esdb",
    "kdb+discover": "esdb+discover",
}
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):.*@")


class InvalidEventStoreUrl(ValueError):
    """The URL of an event store cannot be used; the message shows no password."""

    def __init__(self, url: str, reason: str) -> None:
        shown = without_password(url)
        super().__init__(f"{shown}: {reason.replace(url, shown)}")


def is_kurrent_url(url: str) -> bool:
    """esdb://, kurrentdb:// and kdb://, each also with +discover."""
    return urlsplit(url).scheme in _OLDER


def of_older_name(url: str) -> str:
    """With the scheme that it had while the server was called EventStoreDB."""
    scheme, separator, rest = url.partition("://")
    return f"{_OLDER[scheme.lower()]}{separator}{rest}"


def without_password(url: str) -> str:
    """To be shown."""
    return _PASSWORD.sub(r"\1:***@", url)
