"""How hard the fault tests are: as long as a run of all tests allows, or with --soak as long as it takes."""

import msgspec
import pytest


class Faults(msgspec.Struct, frozen=True):
    """How often each part is killed, and how often the group of workers changes."""

    workers: int = 2
    relays: int = 2
    servers: int = 2
    apis: int = 2
    rebalances: int = 4
    down_s: float = 60.0
    patience_s: float = 60.0
    """How long a worker may need to reach what was there when it was killed."""
    seed: int = 20170630


# patient, since a lost Valkey is filled from a long log
SOAK = Faults(workers=20, relays=10, servers=5, apis=5, rebalances=20, patience_s=180.0)

_LIMIT_S = 1200.0  # instead of the other tests' limit; the long form has none


def pytest_itemcollected(item: pytest.Item) -> None:
    """Only of this folder's tests."""
    item.add_marker(pytest.mark.timeout(0 if item.config.getoption("--soak") else _LIMIT_S))


@pytest.fixture(scope="session")
def faults(request: pytest.FixtureRequest) -> Faults:
    """The counts of this run."""
    return SOAK if request.config.getoption("--soak") else Faults()
