"""What operators see of a running `crm up`: `crm status` on its data folder, and /metrics."""

import json
import subprocess

from tests.support.platform import CRM, Platform


def status(platform: Platform, *words: str) -> str:
    """What `crm status` prints."""
    command = (*CRM, "status", "--data", str(platform.data), *words)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_status_of_the_running_platform(platform: Platform) -> None:
    """Nothing but the folder is named: both view groups are at the log's end, and no event is parked."""
    told = json.loads(status(platform, "-o", "json", "--parked"))
    groups = {group["group"]: (group["position"], group["lag"], group["parked"]) for group in told["groups"]}
    assert groups == dict.fromkeys(("cards", "postgres"), (told["head"], 0, 0))
    assert told["parked"] == []
    assert {process["process"] for process in told["processes"]} <= {"conversion", "merging"}
    assert "postgres" in status(platform)


def test_metrics_of_the_running_platform(platform: Platform) -> None:
    """Views, parts, processes and wakes, with the names that dashboards ask for."""
    code, page = platform.get("/metrics")
    assert code == 200
    meters = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    head = meters["crm_log_head_position"]
    for group in ("postgres", "cards"):
        assert meters[f'crm_view_position{{group="{group}"}}'] == head
        assert meters[f'crm_view_lag{{group="{group}"}}'] == "0.0"
        assert meters[f'crm_parked_events{{group="{group}"}}'] == "0.0"
    for part in ("tables", "event store", "cards"):
        assert meters[f'crm_up{{part="{part}"}}'] == "1.0"
    for process in ("conversion", "merging"):
        assert meters[f'crm_process_failures_total{{process="{process}"}}'] == "0.0"
    assert meters["crm_wakes_listening"] == "1.0"
