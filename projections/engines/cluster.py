"""A cluster of Kafka, and what is ours in it."""

from typing import NamedTuple, Self

from aiokafka import TopicPartition

from event_schemas.topics import Lane


class Cluster(NamedTuple):
    """Where brokers are, and what the names of our topics and groups begin with there."""

    servers: tuple[str, ...]
    """``host:port`` of some brokers."""
    prefix: str = ""

    @classmethod
    def at(cls, url: str, *, prefix: str = "") -> Self:
        """``host:port,host:port``, with or without ``kafka://`` before each."""
        servers = (server.strip().removeprefix("kafka://").rstrip("/") for server in url.split(","))
        return cls(tuple(server for server in servers if server), prefix)

    def __str__(self) -> str:
        return ",".join(self.servers)

    def topic(self, name: str) -> str:
        """What a topic is called there."""
        return f"{self.prefix}{name}"

    def lane(self, partition: TopicPartition) -> Lane:
        """What a partition is called here."""
        return Lane(partition.topic.removeprefix(self.prefix), partition.partition)

    def group(self, view_group: str) -> str:
        """The consumer group of a view group."""
        return f"{self.prefix}eventcrm.views.{view_group}"
