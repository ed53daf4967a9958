"""The document of the envelope says what the code does."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from event_schemas.codec import event_hash
from event_schemas.envelope import Metadata
from event_schemas.lead import LeadDetailsChanged
from event_schemas.people import Attribute, PersonChange
from event_schemas.sealing import open_fields
from write_side.adapters.keys import DerivedTenantKeys

pytestmark = pytest.mark.source_tree

DOCUMENT = Path(__file__).parents[3] / "docs" / "envelope.md"


CHAIN, SEAL = 0, 1
"""The examples, by their place in the document."""


def block(language: str, example: int = CHAIN) -> str:
    """The content of an example's block of a language; there are two."""
    found = re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(found) == SEAL + 1
    return str(found[example])


def checked(vector: str, example: int = CHAIN) -> subprocess.CompletedProcess[bytes]:
    """What an example's program says to events, run without this project."""
    command = [sys.executable, "-I", "-c", block("python", example)]
    return subprocess.run(command, input=vector.encode(), capture_output=True, check=False)


def test_an_outsider_can_check_the_example() -> None:
    """The program of the document accepts the events of the document."""
    answer = checked(block("text"))
    assert (answer.stdout.split(), answer.stderr) == ([b"1", b"ok", b"2", b"ok"], b"")


@pytest.mark.parametrize(("old", "new"), [("550000", "55000"), ('"actor":"ada"', '"actor":"eve"'), ("0002", "0003")])
def test_an_outsider_sees_a_change(old: str, new: str) -> None:
    """The program of the document finds the event that was changed."""
    answer = checked(block("text").replace(old, new, 1))
    assert b"the event was changed" in answer.stderr


def test_an_outsider_sees_a_gap() -> None:
    """The program of the document finds that the first event is missing."""
    answer = checked("\n".join(block("text").splitlines()[3:]))
    assert b"an event before it was changed, added or taken away" in answer.stderr


def test_the_code_computes_the_documents_hashes() -> None:
    """The codec and the document agree."""
    lines = block("text").splitlines()
    for metadata, data, stored in zip(lines[0::3], lines[1::3], lines[2::3], strict=True):
        assert event_hash(metadata.encode(), data.encode()).hex() == stored
        assert msgspec.json.encode(msgspec.json.decode(metadata, type=Metadata)).decode() == metadata


def test_an_outsider_can_open_the_sealed_example() -> None:
    """The program of the document opens the sealed fields of the document, with nothing but secret and salt."""
    answer = checked(block("text", SEAL), SEAL)
    assert answer.stderr == b""
    assert answer.stdout.decode().splitlines() == [
        'person {"name":"Zoë Müller","email":"zoe@example.com"}',
        'attributes [{"name":"city","value":"Köln"}]',
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a master", "A master"),
        ("\n0001", "\n0101"),
        ('"tenant":"demo"', '"tenant":"them"'),
        ('"eventId":"1c', '"eventId":"2c'),
        ('"person":"YT', '"person":"ZT'),
        ('"sealed":["person"', '"sealed":["company"'),
    ],
    ids=["secret", "salt", "tenant", "event", "ciphertext", "field"],
)
def test_an_outsider_opens_nothing_with_another(old: str, new: str) -> None:
    """Whatever the ciphertext is bound to must be right."""
    vector = block("text", SEAL).replace('"company":"Söhne & Co"', '"company":"' + sealed_person() + '"')
    assert vector.count(old) == 1
    answer = checked(vector.replace(old, new), SEAL)
    assert b"InvalidTag" in answer.stderr
    assert answer.stdout == b""


def sealed_person() -> str:
    """The ciphertext of the example's first field."""
    person = msgspec.json.decode(block("text", SEAL).splitlines()[3])["person"]
    assert isinstance(person, str)
    return person


def test_the_code_opens_the_documents_example() -> None:
    """The codec and the keys' adapter agree with the document, and without the key the fields are null."""
    master, salt, metadata, data, stored = block("text", SEAL).splitlines()
    meta = msgspec.json.decode(metadata, type=Metadata)
    assert event_hash(metadata.encode(), data.encode()).hex() == stored
    assert msgspec.json.encode(meta).decode() == metadata
    key = DerivedTenantKeys(master.encode()).subject_key(meta.tenant, bytes.fromhex(salt))
    opened = open_fields(data.encode(), meta.sealed, key=key, event_id=meta.event_id)
    assert msgspec.json.decode(opened, type=LeadDetailsChanged) == LeadDetailsChanged(
        person=PersonChange(name="Zoë Müller", email="zoe@example.com"),
        company="Söhne & Co",
        attributes=(Attribute("city", "Köln"),),
    )
    erased = open_fields(data.encode(), meta.sealed, key=None, event_id=meta.event_id)
    assert msgspec.json.decode(erased) == {"person": None, "company": "Söhne & Co", "attributes": None}


def test_the_table_has_every_field_in_its_order() -> None:
    """The document's table lists the metadata's fields as they are encoded."""
    rows = [line.split("|")[1] for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    encoded = [field.encode_name for field in msgspec.structs.fields(Metadata)]
    assert named == encoded
