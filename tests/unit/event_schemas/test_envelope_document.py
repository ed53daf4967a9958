"""The document of the envelope says what the code does."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from event_schemas.codec import event_hash
from event_schemas.envelope import Metadata

pytestmark = pytest.mark.source_tree

DOCUMENT = Path(__file__).parents[3] / "docs" / "envelope.md"


def block(language: str) -> str:
    """The content of the document's only block of a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert isinstance(found, str)
    return found


def checked(vector: str) -> subprocess.CompletedProcess[bytes]:
    """What the document's program says to events, run without this project."""
    command = [sys.executable, "-I", "-c", block("python")]
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


def test_the_table_has_every_field_in_its_order() -> None:
    """The document's table lists the metadata's fields as they are encoded."""
    rows = [line.split("|")[1] for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    encoded = [field.encode_name for field in msgspec.structs.fields(Metadata)]
    assert named == encoded
