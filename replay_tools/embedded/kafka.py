"""A Kafka broker from the jars that Maven fetches: one node, KRaft, on 127.0.0.1."""

import base64
import json
import re
import shutil
import signal
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from replay_tools.embedded import leftover
from replay_tools.embedded.cluster import run_program
from replay_tools.embedded.downloads import Say, ensure, silent
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.java import find_java
from replay_tools.embedded.maven import run_maven
from replay_tools.embedded.ports import kept_port, new_port
from replay_tools.embedded.process import spawn
from replay_tools.embedded.server import Server

VERSION: Final = "3.9.1"  # also in kafka_pom.xml
JAVA: Final = 11
START_SECONDS: Final = 120.0  # 3 s on a quiet machine
STOP_SECONDS: Final = 4.0
ORPHAN_SECONDS: Final = 5.0

_HERE: Final = Path(__file__).parent
_STARTED: Final = b"Kafka Server started"
_VERSION: Final = re.compile(r"Kafka version: (\S+)")
_JVM: Final = (
    *("-Xms64m", "-Xmx{heap}m", "-XX:+UseSerialGC", "-Xshare:auto", "-Djava.awt.headless=true"),
    *("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"),
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
    # what tells that it runs, and which version it is
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.utils.AppInfoParser=info",
)


@dataclass(frozen=True, kw_only=True)
class KafkaServer(Server):
    """A running broker at host:port; what it acknowledged stays in the data folder."""


def start_kafka(folder: DataFolder, *, megabytes: int = 384, jvm: Sequence[str] = (), say: Say = silent) -> KafkaServer:
    """Start on the folder's data and port, which the first start makes; ready for clients when it returns.

    The machine's first start of all fetches the broker (46 MB). ToolMissing tells what has to be installed for that.
    """
    java = [*_java(find_java(JAVA, needed_by="Kafka"), _jars(say), megabytes), *jvm]
    data = folder.path / "kafka"
    leftover.clear(data / ".lock", seconds=ORPHAN_SECONDS, name="Kafka")
    if not data.exists():
        _format(java, data, folder)

    with kept_port(folder.path / "kafka.port") as port:
        child = spawn(
            "Kafka",
            [*java, "kafka.Kafka", str(_settings(folder.path / "kafka.properties", port, data))],
            log=folder.path / "kafka.log",
            stop_signals=((signal.SIGTERM, STOP_SECONDS),),
            # an orderly end can take longer than its supervisor's successor waits; the log is whole after either
            death_signal=signal.SIGKILL,
        )
        # its own word, not an answer at the port, which may be a stranger's
        child.await_ready(lambda: _STARTED in child.log.read_bytes(), START_SECONDS)
    version = _VERSION.search(child.log.read_text(errors="replace"))
    return KafkaServer(url=f"127.0.0.1:{port}", version=version[1] if version else VERSION, child=child)


def _jars(say: Say) -> Path:
    def fetch(folder: Path) -> None:
        say(f"Fetching Kafka {VERSION} by Maven (46 MB, once for this machine) ...")
        pom = shutil.copy(_HERE / "kafka_pom.xml", folder / "pom.xml")
        run_maven(
            "copy-dependencies",
            [f"--file={pom}", f"-DoutputDirectory={folder}", "-DincludeScope=runtime"],
            fetching=f"Kafka {VERSION}",
        )

    return ensure(f"kafka-{VERSION}", fetch, say=say)


def _java(home: Path, jars: Path, megabytes: int) -> list[str]:
    options = [option.format(heap=megabytes) for option in _JVM]
    # in the locale C, which all servers get, Java finds no file whose name is more than ASCII
    return ["env", "LC_ALL=C.UTF-8", str(home / "bin" / "java"), *options, "-cp", f"{jars}/*"]


def _settings(file: Path, port: int, data: Path) -> Path:
    text = (_HERE / "kafka.properties").read_text()
    escaped = json.dumps(str(data))[1:-1]  # a file of properties is Latin-1, and has JSON's escapes for the rest
    filled = {"port": port, "controller_port": new_port(), "data": escaped}
    for name, value in filled.items():
        text = text.replace(f"{{{name}}}", str(value))
    file.write_text(text)
    return file


def _format(java: list[str], data: Path, folder: DataFolder) -> None:
    """Make the storage in a draft, so that a kill in between leaves nothing that could be taken for data."""
    for left_over in folder.path.glob("kafka.new-*"):
        shutil.rmtree(left_over)
    draft = Path(tempfile.mkdtemp(prefix="kafka.new-", dir=folder.path))
    # an id that begins with a hyphen would be taken for an option
    cluster = "c" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
    settings = _settings(draft / "kafka.properties", new_port(), draft)
    command = [*java, "kafka.tools.StorageTool", "format", "--cluster-id", cluster, "--config", str(settings)]
    run_program(command, failing=f"Kafka's data could not be made in {folder.path}")
    settings.unlink()
    draft.rename(data)
    folder.flush()
