"""Search entries: exactly these changes for these events."""

from uuid import UUID

import msgspec
import pytest

from event_schemas.lead import LeadArchived, LeadDetailsChanged, LeadMerged, LeadOwnerAssigned, LeadScored
from event_schemas.people import Attribute, PersonChange
from projections.changes import Change, Patch, Put, Row
from projections.searchable import MAX_CHARACTERS, MAX_WORDS, Entry, Text, columns
from projections.views import search_entries
from tests.support.events import DEMO, Log, some_id
from tests.support.histories import account_opened
from tests.support.projecting import changes_of
from tests.support.searching import deal, lead, logged

THING = some_id("thing")
KEY = (DEMO, "lead", THING)
NOBODY: Row = {"owner_id": None, "pipeline_id": None, "stage_id": None, "archived": False, "merged_into_id": None}


def texts(**fields: str) -> str:
    """The column of that name."""
    return msgspec.json.encode([{"field": field, "text": text} for field, text in fields.items()]).decode()


def words(*found: str) -> tuple[Change, ...]:
    """Rows of search_words."""
    return tuple(
        Put("search_words", (DEMO, word, word), {"tenant": DEMO, "word": word, "letters": word}) for word in found
    )


def test_a_lead_is_searched_by_all_that_is_known_of_it() -> None:
    """Words of everything; pieces of names, addresses and numbers; typos in names of people and companies."""
    log = Log()
    person = {"email": "Zoe.B@Example.com", "phone": "(415) 555-0123", "phone_e164": "+14155550123"}
    attributes = (Attribute(name="Hobby", value="Go"),)
    log.append("lead", THING, lead("Zoë O'Brien", company="Öl AG", source="Web", attributes=attributes, **person))
    row: Row = {
        "tenant": DEMO,
        "kind": "lead",
        "id": THING,
        "born": 1,
        "name": "Zoë O'Brien",
        "label": "zoe o brien",
        "words": "zoe o brien obrien b example com 415 555 0123 4155550123 5550123 14155550123 ol ag web go",
        "letters": "zoe o brien zoe.b@example.com 4155550123 14155550123 ol ag",
        "texts": texts(
            name="Zoë O'Brien",
            email="Zoe.B@Example.com",
            phone="(415) 555-0123",
            phoneE164="+14155550123",
            company="Öl AG",
            source="Web",
            **{"attributes.Hobby": "Go"},
        ),
        **NOBODY,
        "version": 1,
        "position": 1,
    }
    put = Put("search_entries", KEY, row)
    assert changes_of(search_entries, log.events) == [(put, *words("brien", "zoe"))]


def test_only_what_changes_is_written() -> None:
    """An event that changes nothing searched leaves the words alone; no word is put twice or taken away."""
    log = Log()
    log.append("lead", THING, lead("Ada Byron"), LeadScored(score=7, model="m", reasons=()))
    log.append("lead", THING, LeadDetailsChanged(person=PersonChange(name="Ada King")))
    log.append("lead", THING, LeadOwnerAssigned(owner_id=some_id("user")), LeadArchived())
    named: Row = {"name": "Ada King", "label": "ada king", "words": "ada king", "letters": "ada king"}
    owned: Row = NOBODY | {"owner_id": some_id("user")}
    assert changes_of(search_entries, log.events)[1:] == [
        (Patch("search_entries", KEY, {"version": 2, "position": 2}),),
        (
            Patch("search_entries", KEY, named | {"texts": texts(name="Ada King"), "version": 3, "position": 3}),
            *words("king"),
        ),
        (Patch("search_entries", KEY, owned | {"version": 4, "position": 4}),),
        (Patch("search_entries", KEY, owned | {"archived": True, "version": 5, "position": 5}),),
    ]


def test_what_was_merged_is_as_good_as_archived() -> None:
    """And says into what."""
    log = Log()
    log.append("lead", THING, lead("Ada"), LeadMerged(into_id=some_id("other")))
    *_, (patch,) = changes_of(search_entries, log.events)
    assert isinstance(patch, Patch)
    assert (patch.fields["archived"], patch.fields["merged_into_id"]) == (True, some_id("other"))


@pytest.mark.parametrize(
    ("category", "event", "stage"),
    [("deal", deal("A", owner=some_id("u"), stage=some_id("s")), some_id("s")), ("account", account_opened(), None)],
)
def test_owner_and_stage_are_there_to_be_counted(category: str, event: object, stage: UUID | None) -> None:
    """Of what has them."""
    log = Log()
    log.append(category, THING, event)  # type: ignore[arg-type]  # one of two events
    put = changes_of(search_entries, log.events)[0][0]
    assert isinstance(put, Put)
    assert put.row["owner_id"] is not None
    assert put.row["stage_id"] == stage


def test_an_activity_is_found_near_its_subject_only() -> None:
    """Its body has too many words for pieces and typos."""
    log = Log()
    log.append("activity", THING, logged("Handshake", "marzipan"))
    put, *found = changes_of(search_entries, log.events)[0]
    assert isinstance(put, Put)
    assert (put.row["words"], put.row["letters"]) == ("handshake marzipan", "handshake")
    assert tuple(found) == words("handshake")


def test_huge_texts_are_searched_by_their_beginnings() -> None:
    """What an index takes is bounded, whatever clients store."""
    many = tuple(Text("name", " ".join(f"{field}w{number}" for number in range(900))) for field in range(9))
    row = columns(Entry(name="x" * 5_000, texts=many))
    assert len(str(row["words"]).split()) == MAX_WORDS
    assert len(str(row["label"])) < 100
    log = Log()
    attributes = tuple(Attribute(name=f"a{number}", value="word " * 400) for number in range(200))
    log.append("lead", THING, lead("Ada", attributes=attributes))
    put = changes_of(search_entries, log.events)[0][0]
    assert isinstance(put, Put)
    found = msgspec.json.decode(str(put.row["texts"]), type=list[Text])
    assert sum(len(each.text) for each in found) == MAX_CHARACTERS
