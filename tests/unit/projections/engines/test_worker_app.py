"""`projections.worker`: nothing happens when it is imported; the app is made from the environment when asked for."""

import subprocess
import sys

import pytest

import projections.worker
from projections.engines.faust_app import LaneApp, OnlyConsume

ENVIRONMENT = {
    "CRM_KAFKA_URL": "127.0.0.1:9092",
    "CRM_KAFKA_PREFIX": "x.",
    "CRM_POSTGRES_URL": "postgresql://127.0.0.1/x",
    "CRM_MASTER_SECRET": "a secret of more than thirty-two bytes",
    "CRM_VIEW_GROUP": "cards",
}


@pytest.fixture
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(projections.worker, "_made", {})


@pytest.mark.usefixtures("_environment")
def test_the_app_is_of_the_group_that_is_named() -> None:
    """Once, with a consumer group of its own; nothing is committed, kept in tables or served."""
    app = projections.worker.app
    assert isinstance(app, LaneApp)
    assert app is projections.worker.app
    assert app.conf.id == "x.eventcrm.views.cards"
    assert [str(url) for url in app.conf.broker] == ["aiokafka://127.0.0.1:9092"]
    assert (app.conf.broker_session_timeout, app.conf.broker_heartbeat_interval) == (6.0, 1.5)
    assert isinstance(app.boot_strategy, OnlyConsume)
    assert list(app.boot_strategy.web_server()) == []
    assert not app.tables


@pytest.mark.parametrize("missing", ["CRM_KAFKA_URL", "CRM_POSTGRES_URL", "CRM_MASTER_SECRET", "CRM_VIEW_GROUP"])
@pytest.mark.usefixtures("_environment")
def test_a_setting_that_is_missing_is_said_in_a_line(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3."""
    monkeypatch.delenv(missing)
    with pytest.raises(SystemExit) as ended:
        _ = projections.worker.app
    assert ended.value.code == 3
    assert capsys.readouterr().err == f"{missing} is not set\n"


@pytest.mark.usefixtures("_environment")
def test_a_group_that_is_not_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The groups that are there are named; without Elasticsearch there is none of search."""
    monkeypatch.setenv("CRM_VIEW_GROUP", "search")
    with pytest.raises(SystemExit):
        _ = projections.worker.app
    assert capsys.readouterr().err == "CRM_VIEW_GROUP=search: there are the view groups postgres, cards\n"


def test_importing_it_asks_for_nothing() -> None:
    """Not even for settings."""
    subprocess.run([sys.executable, "-c", "import projections.worker"], check=True, env={})
