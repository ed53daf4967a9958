"""What operators and browsers ask: alive, ready, healthy, how much; and GraphiQL, which works without a network."""

import re

import pytest

from read_api.graphiql import FILES
from tests.support.api import Client

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
