"""Who may do what: tokens, roles, tenants."""

from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from read_api.authentication import Role, Tokens
from tests.support.api import SECRET, Client
from tests.support.api_commands import CHANGE_AMOUNT, OPEN, deal, pipeline, usd

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUERY = '{"query": "{ __typename }"}'


def forged() -> list[str]:
    """Tokens that are none."""
    now = int(datetime.now(UTC).timestamp())
    claims = {"sub": "tester", "tenant": "demo", "role": "admin", "iat": now, "exp": now + 600}
    ours, other = OctKey.import_key(SECRET), OctKey.import_key(b"another secret, just as long as ours is")
    signed = jwt.encode({"alg": "HS256"}, claims, ours)
    head, body, signature = signed.split(".")
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    return [
        "garbage",
        "a.b.c",
        "x" * 10_000,
        jwt.encode({"alg": "HS256"}, claims, other),
        jwt.encode({"alg": "HS512"}, claims, ours, algorithms=["HS512"]),
        f"{unsigned}.{body}.",
        f"{unsigned}.{body}.{signature}",
        f"{head}.{body[:-2]}AA.{signature}",
        jwt.encode({"alg": "HS256"}, claims | {"exp": now - 1}, ours),
        jwt.encode({"alg": "HS256"}, {key: claims[key] for key in ("sub", "tenant", "role")}, ours),
        jwt.encode({"alg": "HS256"}, claims | {"role": "root"}, ours),
        jwt.encode({"alg": "HS256"}, claims | {"tenant": "demo'; drop table deal_board; --"}, ours),
    ]


@pytest.mark.parametrize("token", forged())
async def test_a_token_that_is_not_ours_is_refused(api: Client, token: str) -> None:
    """Forged, expired, incomplete: 401 with UNAUTHENTICATED and how to get one."""
    answer = await api.send(QUERY, authorization=f"Bearer {token}")
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert "make -s token" in answer.messages


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer", "bearer", "Token x"])
async def test_a_header_of_another_form_is_refused(api: Client, header: str) -> None:
    """401 says which form is meant."""
    response = await api.http.post("/graphql", content=QUERY, headers={"authorization": header})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert "Bearer TOKEN" in response.json()["errors"][0]["message"]


async def test_the_scheme_is_read_in_any_case(api: Client) -> None:
    """`bearer` is as good as `Bearer`."""
    assert (await api.send(QUERY, authorization=f"bearer {api.token()}")).status == 200


async def test_a_token_expires(api: Client) -> None:
    """What was valid is refused once its time is over."""
    clock = [datetime.now(UTC)]
    tokens = Tokens(SECRET, clock=lambda: clock[0])
    token = tokens.issue(tenant="demo", user_id="tester", role=Role.ADMIN, lifetime=timedelta(seconds=60))
    assert tokens.verify(token).user_id == "tester"
    clock[0] += timedelta(seconds=61)
    with pytest.raises(Exception, match="expired"):
        tokens.verify(token)


async def test_a_viewer_reads_and_sends_nothing(api: Client) -> None:
    """Every command of a viewer is FORBIDDEN; queries are answered."""
    opened = await deal(api)
    identity = opened["deal"]["id"]
    assert (await api.ask("query($id: ID!) { deal(id: $id) { id } }", {"id": identity}, role=Role.VIEWER)).data["deal"]
    refused = await api.ask(CHANGE_AMOUNT, {"id": identity, "minor": "1"}, role=Role.VIEWER)
    assert (refused.status, refused.codes) == (200, ["FORBIDDEN"])


async def test_a_member_leaves_the_organisation_alone(api: Client) -> None:
    """A member works on deals and accounts; pipelines, products, teams and users are an admin's."""
    opened = await deal(api)
    changed = await api.ask(CHANGE_AMOUNT, {"id": opened["deal"]["id"], "minor": "1"}, role=Role.MEMBER)
    assert changed.data["changeDealAmount"]["version"] == 2
    for command in (
        'createTeam(input: { name: "T" })',
        'createUser(input: { name: "U" })',
        'listProduct(input: { name: "P", price: { minor: "1", currency: "USD" } })',
        f'renamePipeline(input: {{ id: "{opened["deal"]["id"]}", name: "P" }})',
    ):
        refused = await api.ask(f"mutation {{ {command} {{ version }} }}", role=Role.MEMBER)
        assert refused.codes == ["FORBIDDEN"], command


async def test_another_tenants_entities_are_not_there(api: Client) -> None:
    """Read by id, by history or in a list, what is another tenant's looks as if it were absent."""
    opened = await deal(api)
    identity = {"id": opened["deal"]["id"]}
    for query in (
        "query($id: ID!) { deal(id: $id) { id } }",
        "query($id: ID!) { history(id: $id) { totalCount } }",
        'query($id: ID!) { deal(id: $id, asOf: { position: "1" }) { id } }',
    ):
        answer = await api.ask(query, identity, tenant="other")
        assert answer.codes in (["NOT_FOUND"], ["BAD_REQUEST"]), answer
        assert opened["deal"]["id"] not in str(answer.body)
    assert (await api.ask("{ deals { totalCount } }", tenant="other")).data["deals"]["totalCount"] == 0


async def test_another_tenants_entities_cannot_be_changed(api: Client) -> None:
    """A command on another tenant's id, or naming one, is refused as if it named nothing."""
    opened, sales = await deal(api), await pipeline(api)
    changed = await api.ask(CHANGE_AMOUNT, {"id": opened["deal"]["id"], "minor": "1"}, tenant="other")
    assert changed.data["changeDealAmount"]["userErrors"]
    given = {"name": "A", "pipelineId": sales["id"], "amount": usd(1)}
    assert (await api.ask(OPEN, {"input": given}, tenant="other")).data["openDeal"]["userErrors"]


async def test_another_tenants_token_is_refused_as_read_after(api: Client) -> None:
    """A consistency token tells only its own tenant anything."""
    opened = await deal(api)
    query = "query($t: String) { deals(readAfter: $t) { totalCount } }"
    answer = await api.ask(query, {"t": opened["token"]}, tenant="other")
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])
    assert "another tenant" in answer.messages
