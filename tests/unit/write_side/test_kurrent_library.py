"""Which client library is taken, and what is said when none is there."""

import importlib
from types import ModuleType

import pytest

from write_side.adapters import kurrent_library
from write_side.adapters.kurrent_entities import own_categories
from write_side.adapters.kurrent_library import ClientMissing
from write_side.adapters.kurrent_url import is_kurrent_url, of_older_name, without_password
from write_side.application.deciders import COMMANDS, INTERNAL


def test_without_a_client_the_extras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has neither reads what to install, and that it is one of the two."""
    real = importlib.import_module

    def absent(name: str, package: str | None = None) -> ModuleType:
        if name.partition(".")[0] in ("kurrentdbclient", "esdbclient"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(ClientMissing, match=r"eventcrm\[kurrentdb\].*eventcrm\[esdb\]"):
        kurrent_library.library.__wrapped__()


def test_a_client_that_lacks_a_part_is_not_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation is told as it is."""

    def broken(name: str, package: str | None = None) -> ModuleType:
        raise ModuleNotFoundError("No module named 'google'", name="google")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="google"):
        kurrent_library.library.__wrapped__()


@pytest.mark.parametrize("scheme", ["esdb", "kurrentdb", "kdb"])
@pytest.mark.parametrize("discover", ["", "+discover"])
def test_the_schemes_are_known(scheme: str, discover: str) -> None:
    """All of them, and the older client is given the one that it knows."""
    url = f"{scheme}{discover}://admin:pw@host:2113?tls=false"
    assert is_kurrent_url(url)
    assert of_older_name(url) == f"esdb{discover}://admin:pw@host:2113?tls=false"
    assert not is_kurrent_url("postgresql://host/crm")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("esdb://admin:pw@host:2113", "esdb://admin:***@host:2113"),
        ("esdb://admin:p@w:x@host:2113?tls=false", "esdb://admin:***@host:2113?tls=false"),
        ("kurrentdb+discover://host", "kurrentdb+discover://host"),
    ],
)
def test_a_password_is_not_shown(url: str, shown: str) -> None:
    """Whatever characters are in it."""
    assert without_password(url) == shown


def test_streams_of_entities_are_those_of_the_deciders() -> None:
    """Every kind whose stream is named after its entity is looked through for one, and nothing else is."""
    categories = {decider.category for decider in (COMMANDS | INTERNAL).values()}
    assert set(own_categories()) == categories - {"account_hierarchy"}
