"""The commands of `crm`: found by name, imported alone, and ended with one line where something is not there."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from replay_tools.cli import Commands, app
from tests.support.network import free_port
from write_side.adapters.kurrent_library import library

SECRET = "s" * 40
SERVERS = {
    "CRM_POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/none",
    "CRM_REDIS_URL": "redis://127.0.0.1:1",
    "CRM_KAFKA_URL": "127.0.0.1:1",
    "CRM_ELASTICSEARCH_URL": "http://127.0.0.1:1",
    "CRM_MASTER_SECRET": SECRET,
    "CRM_TOKEN_SECRET": SECRET,
}
"""None of them answers, and none need."""
API = ("strawberry", "fastapi", "uvicorn", "read_api")
SELDOM = ("alembic", "elasticsearch", "faust", "aiohttp")
"""Where tables are to be made, where Elasticsearch is searched, and behind Kafka."""
IMPORTED = """
import sys
from replay_tools.cli import main
sys.argv = ["crm", {command!r}, "--help"]
try:
    main()
finally:
    sys.stderr.write(" ".join(name for name in {names!r} if name in sys.modules))
"""


@pytest.fixture(autouse=True)
def _levels() -> Iterator[None]:
    """Commands set how much is logged, for a process of their own; other tests in this one are to hear all."""
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    before = [(logger, logger.level) for logger in loggers]
    yield
    for logger, level in before:
        logger.setLevel(level)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder on which nothing runs, with a file to import."""
    (tmp_path / "a.csv").write_text("Product,Series\nA,B\n")
    return tmp_path


@pytest.fixture
def no_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither client of KurrentDB can be imported."""
    for name in ("kurrentdbclient", "esdbclient"):
        monkeypatch.setitem(sys.modules, name, None)
    library.cache_clear()
    yield
    library.cache_clear()


def words(command: str, data: Path) -> list[str]:
    """The command as far as it can be called without servers."""
    port = str(free_port())
    calls = {
        "up": ["up", "--port", port],
        "full": ["up", "--port", port, "--profile", "full"],
        "import": ["import", str(data / "a.csv"), "--map", "sample-products"],
        "api": ["api", "--port", port],
    }
    return calls.get(command, [command]) + ([] if command == "api" else ["--data", str(data)])


@pytest.mark.parametrize(
    ("command", "others"),
    [
        ("relay", (*API, "projections", "faust", "alembic")),
        ("worker", (*API, "alembic", "phonenumbers")),
        ("api", SELDOM),
        ("up", SELDOM),
    ],
)
def test_a_command_imports_only_what_it_needs(command: str, others: tuple[str, ...]) -> None:
    """What was killed comes back without waiting for what others use, or it itself only once in a while."""
    program = IMPORTED.format(command=command, names=(*others, f"replay_tools.{command}_command"))
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stderr == f"replay_tools.{command}_command"


@pytest.mark.parametrize("name", Commands.places)
def test_every_command_is_there_and_says_what_it_does(name: str) -> None:
    """The help of the whole lists it with a text, and it has a help of its own."""
    lines = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).stdout.splitlines()
    (line,) = (line for line in lines if line.strip("│ ").split()[:1] == [name])
    assert len(line.strip("│ ").split()) > 2
    own = CliRunner().invoke(app, [name, "--help"])
    assert own.exit_code == 0
    assert f" {name} [OPTIONS]" in own.stdout


def test_a_name_that_is_none_is_answered_with_the_nearest() -> None:
    """Exit code 2."""
    answer = CliRunner().invoke(app, ["wrker"])
    assert answer.exit_code == 2
    assert "Did you mean 'worker'?" in answer.stderr


@pytest.mark.parametrize("command", ["up", "full", "api", "relay", "worker", "status", "import"])
@pytest.mark.parametrize("variable", ["CRM_EVENT_STORE_URL", "CRM_POSTGRES_URL"])
def test_a_port_that_is_no_number_is_told_in_a_line(command: str, variable: str, data: Path) -> None:
    """Exit code 3; the line names the variable, and shows nothing of an address that may hold a password."""
    url = f"{'esdb' if 'STORE' in variable else 'postgresql'}://somebody:password@127.0.0.1:port/x"
    answer = CliRunner().invoke(app, words(command, data), env={**SERVERS, variable: url})
    assert (answer.exit_code, answer.stdout) == (3, "")
    assert answer.stderr == f"{variable}: a port is no number from 1 to 65535\n"


@pytest.mark.parametrize("command", ["relay", "worker", "status", "import"])
def test_an_event_store_that_cannot_be_opened_is_told_in_a_line(command: str, data: Path) -> None:
    """Exit code 3, and the reason without the password."""
    url = "esdb://somebody:password@127.0.0.1:1?tls=false&noSuchOption=1"
    answer = CliRunner().invoke(app, words(command, data), env={**SERVERS, "CRM_EVENT_STORE_URL": url})
    assert (answer.exit_code, answer.stdout, answer.stderr.count("\n")) == (3, "", 1)
    assert answer.stderr.startswith("esdb://somebody:***@127.0.0.1:1?tls=false&noSuchOption=1: ")
    assert "noSuchOption".upper() in answer.stderr.upper()


@pytest.mark.usefixtures("no_client")
@pytest.mark.parametrize("command", ["relay", "worker", "status", "import"])
def test_a_client_that_is_not_installed_is_told_in_a_line(command: str, data: Path) -> None:
    """Exit code 3, and what to install."""
    url = "kurrentdb://127.0.0.1:1?tls=false"
    answer = CliRunner().invoke(app, words(command, data), env={**SERVERS, "CRM_EVENT_STORE_URL": url})
    assert (answer.exit_code, answer.stdout, answer.stderr.count("\n")) == (3, "", 1)
    assert "pip install 'eventcrm[kurrentdb]'" in answer.stderr


@pytest.mark.parametrize("command", ["up", "full", "api"])
def test_a_database_that_does_not_answer_is_told_in_a_line(command: str, data: Path) -> None:
    """Exit code 3: nothing is started on tables that cannot be made."""
    answer = CliRunner().invoke(app, words(command, data), env=SERVERS)
    assert (answer.exit_code, answer.stdout, answer.stderr.count("\n")) == (3, "", 1)
    assert answer.stderr.startswith("PostgreSQL cannot be reached: ")
