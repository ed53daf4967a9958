"""What operators and browsers ask: alive, ready, healthy, how much; and GraphiQL, which works without a network."""

import re

import pytest

from read_api.graphiql import FILES
from tests.support.api import Client, Setup, running_api
from tests.support.api_proxy import Proxy
from tests.support.servers import Servers
from tests.support.waking import metric, metric_is

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_alive(api: Client) -> None:
    """/livez answers as soon as anything is served."""
    assert (await api.http.get("/livez")).status_code == 200


async def test_ready_only_when_told(api: Client) -> None:
    """/readyz answers 503 with what is waited for, then 200."""
    api.ready.waiting("loading the sample: 17 of 8800 deals")
    response = await api.http.get("/readyz")
    assert (response.status_code, response.text) == (503, "not ready: loading the sample: 17 of 8800 deals\n")
    api.ready.done()
    assert (await api.http.get("/readyz")).status_code == 200


async def test_healthy(api: Client) -> None:
    """/health asks each part."""
    response = await api.http.get("/health")
    assert response.status_code == 200
    assert response.json()["parts"] == {"tables": "ok", "event store": "ok", "cards": "ok"}


async def test_metrics_count_operations_by_path(api: Client) -> None:
    """A query that is compiled and one that is not are told apart, the latter with its reason."""
    await api.ask("{ deals { totalCount } }")
    await api.ask("{ __schema { queryType { name } } }")
    await api.ask("{ nope }")
    page = (await api.http.get("/metrics")).text
    for line in (
        'crm_graphql_operations_total{kind="query",path="compiled"} 1.0',
        'crm_graphql_operations_total{kind="query",path="executed"} 1.0',
        'crm_graphql_fallbacks_total{reason="introspection"} 1.0',
        'crm_graphql_errors_total{code="BAD_REQUEST"} 1.0',
    ):
        assert line in page


async def test_metrics_tell_how_the_platform_is_doing(servers: Servers, module_redis_url: str) -> None:
    """View groups against the log's end, process managers, and which parts answer; without PostgreSQL only the last."""
    shown = (
        "crm_log_head_position",
        'crm_view_position{group="postgres"}',
        'crm_view_lag{group="cards"}',
        'crm_view_lanes{group="postgres"}',
        'crm_view_lanes_behind{group="postgres"}',
        'crm_parked_events{group="postgres"}',
    )
    async with (
        Proxy.to(servers.postgres_url) as proxy,
        running_api(servers, module_redis_url, Setup(proxy=proxy)) as api,
    ):
        await metric_is(api, 'crm_view_position{group="cards"}', lambda position: position is not None)
        assert None not in [await metric(api, name) for name in shown]
        parts = {"tables": 1, "event store": 1, "cards": 1}
        assert {part: await metric(api, f'crm_up{{part="{part}"}}') for part in parts} == parts
        await proxy.cut()
        response = await api.http.get("/metrics")
        assert response.status_code == 200
        assert not [name for name in shown if name in response.text]
        parts = {"tables": 0, "event store": 0, "cards": 1}
        assert {part: await metric(api, f'crm_up{{part="{part}"}}') for part in parts} == parts
        assert await metric(api, "crm_graphql_websockets") == 0
        await proxy.mend()
        await metric_is(api, 'crm_view_position{group="postgres"}', lambda position: position is not None)
        assert await metric(api, 'crm_up{part="tables"}') == 1


async def test_what_process_managers_could_not_do_is_counted(api: Client) -> None:
    """As they count it themselves, whenever it is asked."""
    failures = {"conversion": 0}
    api.api.metrics.show_failures(lambda: failures)
    assert await metric(api, 'crm_process_failures_total{process="conversion"}') == 0
    failures["conversion"] = 3
    assert await metric(api, 'crm_process_failures_total{process="conversion"}') == 3


async def test_graphiql_comes_from_our_own_files(api: Client) -> None:
    """The page and all that it names are served here, and the page may load nothing from elsewhere."""
    response = await api.http.get("/graphql", headers={"accept": "text/html"})
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    named = re.findall(r'(?:src|href)="(/[^"]+)"', response.text)
    assert len(named) == 6
    for path in named:
        assert (await api.http.get(path)).status_code == 200, path
    assert "http://" not in response.text
    assert "https://" not in response.text


async def test_the_page_of_graphiql_names_no_other_server() -> None:
    """Our own files hold no address at all; what others built is told in VENDORED.md with its licence."""
    ours = [path for path in FILES.iterdir() if path.name in {"index.html", "page.js", "page.css"}]
    assert not [path for path in ours if re.search(r"https?://", path.read_text())]
    vendored = (FILES / "VENDORED.md").read_text()
    assert all(path.name in vendored for path in FILES.iterdir() if ".min." in path.name or "LICENSE" in path.name)


async def test_an_unknown_path_is_not_found(api: Client) -> None:
    """Also below the static files."""
    for path in ("/nope", "/graphql/nope", "/graphiql/nope", "/graphiql/../bootstrap.py", "/graphiql/%2e%2e/app.py"):
        assert (await api.http.get(path)).status_code == 404, path
