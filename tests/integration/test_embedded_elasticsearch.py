"""The embedded Elasticsearch, as the platform and the tests run it."""

import os
from collections.abc import Iterator

import psutil
import pytest
from elasticsearch import Elasticsearch, NotFoundError

from replay_tools.embedded import leftover
from tests.support.network import listening_addresses
from tests.support.node import Node, node
from tests.support.processes import survivors

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that only this module has: a start takes long."""
    with node(tmp_path_factory.mktemp("node") / "'quotes' and spaces in Łódź") as running:
        yield running


def put(url: str, index: str, document: str) -> None:
    """One acknowledged document, in an index made for it if need be."""
    with Elasticsearch(url) as client:
        client.options(ignore_status=400).indices.create(index=index)
        client.index(index=index, id=document, document={"name": document}, version=1, version_type="external")


def ids(url: str, index: str) -> list[str]:
    """The ids of the documents in the index."""
    with Elasticsearch(url) as client:
        client.indices.refresh(index=index)
        return sorted(hit["_id"] for hit in client.search(index=index)["hits"]["hits"])


def test_the_node_of_the_run_answers_the_client(elasticsearch_url: str) -> None:
    """The official client takes it for what it is; an index that nobody made is refused instead of guessed."""
    put(elasticsearch_url, "embedded-elasticsearch", "one")
    assert ids(elasticsearch_url, "embedded-elasticsearch") == ["one"]
    with Elasticsearch(elasticsearch_url) as client, pytest.raises(NotFoundError):
        client.index(index="embedded-elasticsearch-misspelt", document={})


def test_it_keeps_data_and_address_whatever_ends_it(own: Node) -> None:
    """After a stop and after a SIGKILL it is back at the same port, with every acknowledged document."""
    url = own.url
    put(url, "kept", "before the kill")
    own.restart()
    put(url, "kept", "before the stop")
    own.stop()
    own.start()
    assert own.url == url
    assert ids(url, "kept") == ["before the kill", "before the stop"]


def test_it_is_this_machines_alone_and_not_root(own: Node) -> None:
    """It listens on 127.0.0.1 alone, runs as an ordinary user, and tells its version."""
    assert {address.removeprefix("::ffff:") for address in listening_addresses(own.pid)} == {"127.0.0.1"}
    assert psutil.Process(own.pid).uids().real != 0
    assert os.getpgid(own.pid) == own.server.child.process.pid
    assert own.server.version == "9.4.3"


def test_a_node_that_outlived_its_supervisor_makes_way(own: Node) -> None:
    """What still holds the data when its launcher is gone is ended before the next start."""
    running = psutil.Process(own.pid)
    running.suspend()
    own.server.child.process.kill()
    own.server.child.process.wait()
    leftover.clear(own.server.lock, seconds=0.1, name="Elasticsearch")
    assert survivors([running], seconds=10) == []
