"""A real Elasticsearch: one node on 127.0.0.1, without security, never as root."""

import json
import os
import signal
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from replay_tools.embedded import leftover, unprivileged
from replay_tools.embedded.downloads import Say, silent
from replay_tools.embedded.elasticsearch_home import VERSION, elasticsearch_home
from replay_tools.embedded.errors import ServerFailed
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.java import find_java
from replay_tools.embedded.ports import kept_port, new_port
from replay_tools.embedded.process import Child, spawn
from replay_tools.embedded.server import Server
from replay_tools.embedded.unprivileged import Identity

JAVA: Final = 21
START_SECONDS: Final = 300.0  # 14 s on a quiet machine, minutes on a crowded one
STOP_SECONDS: Final = 4.0
ORPHAN_SECONDS: Final = 10.0

_HERE: Final = Path(__file__).parent
_PORT_FILE: Final = "elasticsearch.port"
_STARTED: Final = b"[node-1] started {"
_WITHOUT_PROXY: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_LAUNCHER: Final = ("-Xms4m", "-Xmx64m", "-XX:+UseSerialGC")


@dataclass(frozen=True, kw_only=True)
class ElasticsearchServer(Server):
    """A running node. The child is its launcher: the node ends when that ends."""

    lock: Path
    """Locked by the node's process as long as that lives."""

    def stop(self) -> None:
        """Shut down; what was acknowledged stays in the data folder."""
        if self.child.process.poll() is None:
            # the whole group: what the launcher starts first, before the node, does not end with it by itself
            os.killpg(self.child.process.pid, signal.SIGTERM)
        self.child.stop()
        leftover.clear(self.lock, seconds=STOP_SECONDS, name="Elasticsearch")


class ElasticsearchOnItsWay(ElasticsearchServer):
    """A node that was told to start: other servers can start meanwhile."""

    def ready(self) -> ElasticsearchServer:
        """Wait until it answers; otherwise leave nothing running and raise ServerFailed."""
        with kept_port(self.lock.parents[2] / _PORT_FILE):
            self.child.await_ready(lambda: _STARTED in self.child.log.read_bytes(), START_SECONDS)
        _ask(f"{self.url}/_cluster/health?wait_for_status=yellow&timeout={START_SECONDS:.0f}s")
        version = str(_ask(self.url)["version"]["number"])
        return ElasticsearchServer(url=self.url, version=version, child=self.child, lock=self.lock)


def start_elasticsearch(
    folder: DataFolder, *, megabytes: int = 256, jvm: Sequence[str] = (), say: Say = silent
) -> ElasticsearchServer:
    """Start on the folder's data and port, which the first start makes; ready for clients when it returns.

    The machine's first start of all fetches the programs. ToolMissing tells what has to be installed for that.
    """
    coming = begin_elasticsearch(folder, megabytes=megabytes, jvm=jvm, say=say)
    try:
        return coming.ready()
    except BaseException:
        coming.stop()
        raise


def begin_elasticsearch(
    folder: DataFolder, *, megabytes: int = 256, jvm: Sequence[str] = (), say: Say = silent
) -> ElasticsearchOnItsWay:
    """As `start_elasticsearch`, without the waiting for it; leaving it as a context ends it, ready or not."""
    java = find_java(JAVA, variable="ES_JAVA_HOME", needed_by="Elasticsearch")
    home = elasticsearch_home(say)
    identity = unprivileged.mapped(signal.SIGKILL, name="Elasticsearch")
    own = folder.path / "elasticsearch"
    lock = own / "data" / "node.lock"
    leftover.clear(lock, seconds=ORPHAN_SECONDS, name="Elasticsearch")
    with kept_port(folder.path / _PORT_FILE) as port:
        _configure(own, port, megabytes, jvm)
        identity.own(own)
        child = _launch(java, home, own, identity)
    return ElasticsearchOnItsWay(url=f"http://127.0.0.1:{port}", version=VERSION, child=child, lock=lock)


def _launch(java: Path, home: Path, own: Path, identity: Identity) -> Child:
    classes = home / "lib" / "tools" / "server-launcher" / "*"
    return spawn(
        "Elasticsearch",
        [
            *(*identity.prefix, str(java / "bin" / "java"), *_LAUNCHER, "-cp", str(classes)),
            "org.elasticsearch.server.launcher.ServerLauncher",
        ],
        log=own.with_suffix(".log"),
        stop_signals=((signal.SIGTERM, STOP_SECONDS),),
        # the node watches its launcher, and ends in order when that is gone
        death_signal=signal.SIGKILL,
        directory=home,
        variables={
            "ES_HOME": str(home),
            "ES_PATH_CONF": str(own / "config"),
            "ES_TMPDIR": str(own / "tmp"),
            "ES_JAVA_HOME": str(java),
            "JAVA": str(java / "bin" / "java"),
            "JAVA_TYPE": "ES_JAVA_HOME",
            "ES_DISTRIBUTION_TYPE": "zip",
            "HOSTNAME": "localhost",
            "HOME": str(own),
            # in the locale C, which all servers get, Java finds no file whose name is more than ASCII
            "LC_ALL": "C.UTF-8",
        },
    )


def _configure(own: Path, port: int, megabytes: int, jvm: Sequence[str]) -> None:
    for name in ("config", "data", "logs", "tmp"):
        (own / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    filled = {
        "port": port,
        "transport_port": new_port(),
        "data": json.dumps(str(own / "data")),
        "logs": json.dumps(str(own / "logs")),
        "megabytes": megabytes,
        "more": "\n".join(jvm),
    }
    for name in ("elasticsearch.yml", "jvm.options", "log4j2.properties"):
        template = _HERE / (name if name == "elasticsearch.yml" else f"elasticsearch.{name}")
        text = template.read_text()
        for word, value in filled.items():
            text = text.replace(f"{{{word}}}", str(value))
        (own / "config" / name).write_text(text)


def _ask(url: str) -> dict[str, dict[str, str]]:
    try:
        with _WITHOUT_PROXY.open(url, timeout=START_SECONDS) as answer:
            told: dict[str, dict[str, str]] = json.load(answer)
            return told
    except OSError as error:
        raise ServerFailed(f"Elasticsearch {VERSION} runs, but does not answer: {error}") from error
