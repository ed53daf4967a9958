"""One running platform with the sample, for the tests that only ask it."""

from collections.abc import Iterator

import pytest

from tests.support.platform import Platform, running


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """`crm up` on an empty folder, ready with its sample."""
    with running(tmp_path_factory.mktemp("platform") / "data") as platform:
        yield platform


@pytest.fixture(scope="session")
def token(platform: Platform) -> str:
    """A reader's token."""
    return platform.token(role="viewer")
