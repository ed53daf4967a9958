"""Leads and contacts over HTTP: their commands, how they are refused, and what is read afterwards."""

from typing import Any
from uuid import uuid4

import pytest

from read_api.authentication import Role
from tests.support.api import Client

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def send(api: Client, command: str, fields: dict[str, Any], wanted: str, **asked: Any) -> Any:
    """A command's payload, with what is wanted of its entity."""
    name = command[0].lower() + command[1:]
    query = f"""mutation($input: {command}Input!) {{ {name}(input: $input) {{
      version token userErrors {{ code field message }} {wanted} }} }}"""
    return (await api.ask(query, {"input": fields}, **asked)).data[name]


async def test_a_lead_is_captured_judged_and_converted(api: Client) -> None:
    """Each step is in the answer; a converted one accepts nothing more, and says so as a rule that was broken."""
    given = {
        "name": "Ada",
        "email": " Ada@example.org",
        "phone": "0041 44 668 18 00",
        "attributes": [{"name": "size", "value": "L"}],
    }
    captured = await send(api, "CaptureLead", given, "lead { id name email attributes { name value } }")
    assert captured["lead"]["email"] == "Ada@example.org"
    assert captured["lead"]["attributes"] == given["attributes"]
    lead = {"id": captured["lead"]["id"]}
    scored = await send(api, "ScoreLead", {**lead, "score": 80, "model": "M"}, "lead { score }")
    assert (scored["lead"]["score"], scored["version"]) == (80, 2)
    early = await send(api, "ConvertLead", lead, "lead { id }")
    assert [error["code"] for error in early["userErrors"]] == ["LEAD_NOT_QUALIFIED"]
    await send(api, "QualifyLead", lead, "lead { id }")
    assert (await send(api, "ConvertLead", lead, "lead { status }"))["lead"]["status"] == "CONVERTED"
    late = await send(api, "AddLeadNote", {**lead, "text": "x"}, "lead { id }")
    assert [error["code"] for error in late["userErrors"]] == ["LEAD_ALREADY_CONVERTED"]


async def test_an_address_that_is_taken_is_a_broken_rule(api: Client) -> None:
    """At the field of the address, naming the contact that has it."""
    first, fields = str(uuid4()), {"name": "Ada", "email": "taken@example.org"}
    await send(api, "CreateContact", {"id": first, **fields}, "contact { id }")
    refused = await send(api, "CreateContact", {**fields, "email": "TAKEN@example.org"}, "contact { id }")
    (error,) = refused["userErrors"]
    assert (error["code"], error["field"], refused["contact"]) == ("EMAIL_TAKEN", ["email"], None)
    assert first in error["message"]
    second = await send(api, "CreateContact", {"name": "Bob"}, "contact { id }")
    change = {"id": second["contact"]["id"], "email": fields["email"]}
    changed = await send(api, "ChangeContactDetails", change, "contact { id }")
    assert [error["code"] for error in changed["userErrors"]] == ["EMAIL_TAKEN"]


async def test_who_only_reads_sends_no_commands(api: Client) -> None:
    """A member does."""
    made = await send(api, "CreateContact", {"name": "Ada"}, "contact { id }", role=Role.MEMBER)
    assert made["userErrors"] == []
    capture = 'mutation { captureLead(input: {name: "A"}) { version } }'
    assert (await api.ask(capture, role=Role.VIEWER)).codes == ["FORBIDDEN"]
