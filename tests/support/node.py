"""An Elasticsearch node of a test's own, to be stopped, killed and started again where it was."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replay_tools.embedded import leftover
from replay_tools.embedded.elasticsearch import ElasticsearchServer, start_elasticsearch
from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.java import SHORT_LIVED


class Node:
    """One node on one folder: whatever happens to it, a start brings it back with its data, at the same address."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._server = start_elasticsearch(folder, jvm=[SHORT_LIVED])

    @property
    def url(self) -> str:
        """The same for good."""
        return self._server.url

    @property
    def server(self) -> ElasticsearchServer:
        """The one that runs, or ran last."""
        return self._server

    @property
    def pid(self) -> int:
        """The node's process, a child of its launcher."""
        pid = leftover.holder(self._server.lock)
        assert pid is not None, "the node does not run"
        return pid

    def start(self) -> None:
        """Back again; ready for clients when it returns."""
        self._server = start_elasticsearch(self._folder, jvm=[SHORT_LIVED])

    def stop(self) -> None:
        """An orderly end."""
        self._server.stop()

    def kill(self) -> None:
        """SIGKILL of the node itself, as the machine's memory killer would; its launcher ends with it."""
        os.kill(self.pid, signal.SIGKILL)
        self._server.child.process.wait()

    def restart(self) -> None:
        """Killed, and back again."""
        self.kill()
        self.start()


@contextmanager
def node(folder: Path) -> Iterator[Node]:
    """A running node, gone when left. Only the main thread may start it: it dies with the thread that started it."""
    with DataFolder(folder) as held:
        running = Node(held)
        try:
            yield running
        finally:
            running.stop()
