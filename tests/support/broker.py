"""A Kafka broker of a test's own, to be stopped, killed and started again where it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replay_tools.embedded.folder import DataFolder
from replay_tools.embedded.java import SHORT_LIVED
from replay_tools.embedded.kafka import KafkaServer, start_kafka


class Broker:
    """One broker on one folder: whatever happens to it, a start brings it back with its data, at the same address."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._server = start_kafka(folder, jvm=[SHORT_LIVED])

    @property
    def url(self) -> str:
        """Host and port; the same for good."""
        return self._server.url

    @property
    def server(self) -> KafkaServer:
        """The one that runs, or ran last."""
        return self._server

    def start(self) -> None:
        """Back again; ready for clients when it returns."""
        self._server = start_kafka(self._folder, jvm=[SHORT_LIVED])

    def stop(self) -> None:
        """An orderly end."""
        self._server.stop()

    def kill(self) -> None:
        """SIGKILL, as the machine's memory killer would."""
        self._server.child.process.kill()
        self._server.child.process.wait()

    def restart(self) -> None:
        """Killed, and back again."""
        self.kill()
        self.start()


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    """A running broker, gone when left. Only the main thread may start it: it dies with the thread that started it."""
    with DataFolder(folder) as held:
        running = Broker(held)
        try:
            yield running
        finally:
            running.stop()
