"""deploy/compose.yaml, read as Docker Compose would: Docker itself does not run where the tests do."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are another package, for one call

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SCHEMA = ROOT / "tests" / "support" / "compose_spec" / "compose-spec.json"
OURS = ["topics", "api", "relay", "worker"]
SECRET = re.compile(r"PASSWORD|SECRET|AUTH")

pytestmark = pytest.mark.source_tree


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file, with its anchors and merges resolved."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Its services by name."""
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def waits_for(service: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a service waits for, and until when."""
    for name, how in service.get("depends_on", {}).items():
        yield name, how["condition"]


def test_it_keeps_to_the_specification(compose: dict[str, Any]) -> None:
    """The official schema of Compose files finds nothing; a misspelt key it finds."""
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    assert [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(compose)] == []
    assert not validator.is_valid({**compose, "services": {"api": {"imagee": "crm"}}})


def test_the_whole_platform_is_there(services: dict[str, Any]) -> None:
    """The five servers, and our processes from one image that is built from this repository."""
    assert [*services] == ["kurrentdb", "kafka", "elasticsearch", "postgres", "valkey", *OURS]
    assert {json.dumps(services[name]["build"]) for name in OURS} == {
        json.dumps({"context": "..", "dockerfile": "deploy/Dockerfile"})
    }
    assert [services[name]["command"][0] for name in OURS] == OURS


def test_every_service_says_whether_it_is_well(services: dict[str, Any]) -> None:
    """Each has a health check, or ends by itself and is waited for until it has."""
    awaited = {each for service in services.values() for each in waits_for(service)}
    ends = [name for name, until in awaited if until == "service_completed_successfully"]
    unknown = [name for name, service in services.items() if "test" not in service.get("healthcheck", {})]
    assert unknown == ["topics"] == ends


def test_nobody_starts_before_what_it_needs(services: dict[str, Any]) -> None:
    """Whoever is named in a service's addresses is waited for, directly or by way of another, until it is well."""

    def before(name: str) -> set[str]:
        direct = dict(waits_for(services[name]))
        assert set(direct.values()) <= {"service_healthy", "service_completed_successfully"}
        return set(direct) | {further for each in direct for further in before(each)}

    everything = {"kurrentdb", "kafka", "elasticsearch", "postgres", "valkey", "topics", "api"}
    assert {name: before(name) for name in ("relay", "worker")} == {"relay": everything, "worker": everything}


def test_nothing_is_open_to_the_network(services: dict[str, Any]) -> None:
    """Every published port is one of 127.0.0.1."""
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 6
    assert [port for port in ports if not re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port)] == []


def test_every_image_has_a_version(services: dict[str, Any]) -> None:
    """No `latest`, which is another one each day, neither here nor in the Dockerfile."""
    images = [service["image"] for service in services.values()]
    images += re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert [image for image in images if not re.search(r":\d+(\.\d+)*(-slim)?$", image)] == []


def test_no_secret_is_written_down(services: dict[str, Any]) -> None:
    """Passwords and secrets come from the environment, and without them nothing starts; README.md names each."""
    values = [
        (variable, str(value))
        for service in services.values()
        for variable, value in service.get("environment", {}).items()
        if SECRET.search(variable) or "@" in str(value).partition("://")[2]
    ]
    assert len(values) == 2 + 4 * len(OURS)
    assert [variable for variable, value in values if not re.search(r"\$\{CRM_\w+:\?.+\}", value)] == []
    needed = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text()))
    assert [name for name in sorted(needed) if name not in (DEPLOY / "README.md").read_text()] == []


def test_kafka_answers_each_side_with_an_address_that_it_can_reach(services: dict[str, Any]) -> None:
    """Containers are sent on to kafka:9092, this machine to the port that is published for it."""
    kafka = services["kafka"]
    advertised = dict(each.split("://") for each in kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(","))
    assert advertised["INSIDE"] == services["worker"]["environment"]["CRM_KAFKA_URL"] == "kafka:9092"
    assert [f"{advertised['OUTSIDE']}:29092"] == kafka["ports"]
    listening = dict(each.split("://") for each in kafka["environment"]["KAFKA_LISTENERS"].split(","))
    assert {name: address.rpartition(":")[2] for name, address in advertised.items()} == {
        name: listening[name].rpartition(":")[2] for name in advertised
    }


def test_what_must_stay_has_a_volume(compose: dict[str, Any], services: dict[str, Any]) -> None:
    """What cannot be made again is in a volume of its server's own, and all volumes are used."""
    used = [volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])]
    assert used == [*compose["volumes"]] == ["kurrentdb", "kafka", "elasticsearch", "postgres"]


def test_our_image_does_not_run_as_root() -> None:
    """The last stage names an ordinary user, by number, as orchestrators check it."""
    last = (DEPLOY / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*$", last, re.MULTILINE)
