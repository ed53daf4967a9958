"""What a URL of EventStoreDB / KurrentDB may say, on a protocol double: TLS, users, clusters, keep-alive."""

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from event_schemas.envelope import EMPTY
from event_schemas.ports import EventLogUnavailable
from event_schemas.streams import START
from tests.contract.event_store import a_stream, append
from tests.support.certificates import ServerCertificate, server_certificate
from tests.support.kurrent import NO_POSTGRES, followed, kurrent_store
from tests.support.kurrent_double import KurrentDouble, Tls, kurrent_double
from tests.support.secrets import MASTER
from write_side.adapters.event_logs import open_event_log, open_event_store
from write_side.adapters.kurrent_connection import KurrentConnection
from write_side.adapters.kurrent_url import InvalidEventStoreUrl
from write_side.adapters.kurrentdb import KurrentEventStore
from write_side.adapters.postgres import PostgresEventStore

USER = "admin:changeit"


@pytest.fixture(scope="module")
def certificate() -> ServerCertificate:
    """One is enough for all."""
    return server_certificate()


@pytest.fixture
async def secured(certificate: ServerCertificate) -> AsyncIterator[KurrentDouble]:
    """A server with TLS that wants to know who asks."""
    authorization = "Basic " + b64encode(USER.encode()).decode()
    async with kurrent_double(tls=Tls(certificate.key, certificate.certificate, authorization=authorization)) as double:
        yield double


@pytest.fixture
def authority(certificate: ServerCertificate, tmp_path: Path) -> Path:
    """The file that a URL names."""
    file = tmp_path / "ca.pem"
    file.write_bytes(certificate.authority)
    return file


@pytest.mark.parametrize("scheme", ["esdb", "kurrentdb", "esdb+discover", "kurrentdb+discover"])
async def test_a_url_may_ask_for_tls_and_name_a_user(secured: KurrentDouble, authority: Path, scheme: str) -> None:
    """Both schemes, with and without discovery, whichever client is installed; appends, reads and subscriptions."""
    options = f"tls=true&tlsCaFile={authority}&keepAliveInterval=5000&keepAliveTimeout=5000"
    async with kurrent_store(f"{scheme}://{USER}@127.0.0.1:{secured.port}?{options}") as store:
        appended = await append(store, a_stream(), 1, 2)
        assert await store.head() == appended.position
        assert len(await followed(store, 2)) == 2


@pytest.mark.parametrize("wrong", ["user", "authority"])
async def test_who_is_not_let_in_is_told_so(secured: KurrentDouble, authority: Path, wrong: str) -> None:
    """A wrong password, or a server that no authority vouches for: an outage with its reason, without the password."""
    user = "admin:secret-guess" if wrong == "user" else USER
    ca = f"&tlsCaFile={authority}" if wrong == "user" else ""
    url = f"esdb://{user}@127.0.0.1:{secured.port}?tls=true{ca}"
    async with kurrent_store(url, pauses=(0.01,)) as store:
        with pytest.raises(EventLogUnavailable, match="does not answer") as caught:
            await store.head()
        assert "secret-guess" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("esdb://admin:hush@127.0.0.1:2113?tls=true&tlsCaFile=/nowhere/ca.pem", "nowhere"),
        ("kurrentdb://admin:hush@127.0.0.1:2113?keepAlive=yes", "(?i)keepalive"),
        ("esdb://admin:hush@?tls=false", "No targets"),
        ("esdb+discover://admin:hush@one:2113,two:2113?tls=false", "More than one"),
    ],
)
async def test_a_url_that_cannot_be_used_is_refused_at_once(url: str, reason: str) -> None:
    """With the reason, and without the password."""
    with pytest.raises(InvalidEventStoreUrl, match=reason) as caught:
        await open_event_log(url, postgres_url=NO_POSTGRES, secret=MASTER, role="crm_worker", connections=1)
    assert "hush" not in str(caught.value)


async def test_discovery_finds_the_leader() -> None:
    """Whichever member is asked first, writes go to the one that leads."""
    async with kurrent_double() as one, kurrent_double(log=one.log) as two:
        one.members = two.members = (one, two)
        one.follow(two)
        for asked in (one, two):
            async with kurrent_store(f"esdb+discover://127.0.0.1:{asked.port}?tls=false") as store:
                await append(store, a_stream(), 1)
        assert "BatchAppend" not in one.streams.called
        assert two.streams.called.count("BatchAppend") == 2


async def test_a_cluster_that_cannot_be_found_is_an_outage() -> None:
    """Nobody answers: an outage, as anywhere else."""
    url = "esdb+discover://127.0.0.1:1?tls=false&maxDiscoverAttempts=2&discoveryInterval=10&gossipTimeout=1"
    async with kurrent_store(url, pauses=(0.01,)) as store:
        with pytest.raises(EventLogUnavailable):
            await store.head()


def test_a_peer_that_vanishes_is_noticed() -> None:
    """Without keep-alive in the URL there is one all the same; the URL's own wins."""

    def option(url: str, name: str) -> object:
        return dict(KurrentConnection.to(url)._unused.grpc_options).get(name)

    assert option("esdb://127.0.0.1:2113?tls=false", "grpc.keepalive_time_ms") == 10_000
    own = "esdb://127.0.0.1:2113?tls=false&keepAliveInterval=2500&keepAliveTimeout=1500"
    assert (option(own, "grpc.keepalive_time_ms"), option(own, "grpc.keepalive_timeout_ms")) == (2500, 1500)


async def test_the_scheme_chooses_the_store() -> None:
    """PostgreSQL's and this one are opened by the same call; neither needs its server to be up."""
    opened = [
        await open_event_store(url, postgres_url=NO_POSTGRES, secret=MASTER, connections=1)
        for url in (NO_POSTGRES, "esdb://127.0.0.1:1?tls=false", "kurrentdb://127.0.0.1:1?tls=false")
    ]
    assert [type(store) for store in opened] == [PostgresEventStore, KurrentEventStore, KurrentEventStore]
    for store in opened:
        await store.close()


async def test_a_log_without_postgresql_hands_on_what_is_sealed() -> None:
    """Who opens nothing needs no keys, and nobody takes what it reads for erased."""
    async with kurrent_double() as double, kurrent_store(double) as store:
        await append(store, a_stream(), 1)
        log = await open_event_log(double.url, postgres_url=None, secret=MASTER, role="crm_worker", connections=1)
        assert await log.read_all(after=START, limit=10) == await store.read_all(after=START, limit=10)
        assert (await log.load(a_stream()), EMPTY.version) == ([], 0)
        await log.close()
