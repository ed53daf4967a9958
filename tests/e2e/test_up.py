"""`crm up` as a process: how it starts, what it says, and how it ends."""

import signal
from pathlib import Path

import pytest

from tests.support.network import free_port, taken_port
from tests.support.platform import Platform, running, start
from tests.support.processes import survivors, tree

pytestmark = pytest.mark.slow

FORECAST_BY_REGION = "{forecast(groupBy:[REGION]){groups{key figures{won{count}}}}}"


def test_it_recovers_from_sigkill_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    """After a SIGKILL no child lives on, and the next start answers; Ctrl-C ends that within 5 s, with code 0."""
    platform = start(tmp_path / "data")
    platform.wait_until(200, "/livez")
    processes = tree(platform.process.pid)
    assert len(processes) > 2
    platform.kill()
    assert survivors(processes, seconds=5) == []
    with running(tmp_path / "data") as again:
        regions = again.graphql(FORECAST_BY_REGION, token=again.token())["forecast"]["groups"]
        assert [group["key"] for group in regions] == [["Central"], ["East"], ["West"]]
        processes = tree(again.process.pid)
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(timeout=5) == 0
        assert survivors(processes, seconds=1) == []
        assert "Traceback" not in again.output()


def test_a_child_that_ends_ends_everything(tmp_path: Path) -> None:
    """When an embedded server ends by itself, `crm up` says which and ends with code 3, leaving no process."""
    platform = start(tmp_path / "data")
    platform.wait_until(200, "/livez")
    processes = tree(platform.process.pid)
    next(process for process in processes if process.name().startswith("valkey")).kill()
    assert platform.process.wait(timeout=10) == 3
    assert "Valkey ended by itself" in platform.output()
    assert survivors(processes, seconds=1) == []


def test_taken_port_is_one_line(tmp_path: Path) -> None:
    """A port in use is exit code 3 and one clear line, before anything is started."""
    with taken_port() as port:
        platform = start(tmp_path / "data", port=port)
        assert platform.process.wait(timeout=20) == 3
    assert len(platform.output().strip().splitlines()) == 1
    assert str(port) in platform.output()


def test_data_folder_in_use_is_one_line(platform: Platform) -> None:
    """A second `crm up` on the same data folder is exit code 3 and one clear line; the first goes on."""
    second = start(platform.data, port=free_port())
    assert second.process.wait(timeout=20) == 3
    said = second.output().strip().splitlines()[-1]
    assert "in use" in said
    assert platform.get("/livez")[0] == 200


def test_banner_tells_what_each_part_is(platform: Platform) -> None:
    """The banner names addresses, what each part really is, a token, and a first query with its answer."""
    said = platform.log.read_text()
    for part in (platform.url, "PostgreSQL 18.6, embedded", "Valkey", "Bearer ", "forecast", '"count"'):
        assert part in said, part
