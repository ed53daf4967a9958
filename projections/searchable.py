"""What is searched of an entity of any kind, in the form in which it is compared. Pure.

An entity is found by what its own stream says: a deal is not found by the name of its account, but the account is.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any, Final
from uuid import UUID

import msgspec

from event_schemas.folding import MAX_WORD, digits, fold, spelled, words
from projections.changes import Row
from projections.documents.account import Account
from projections.documents.activity import Activity
from projections.documents.contact import Contact
from projections.documents.deal import Deal
from projections.documents.document import Document
from projections.documents.lead import Lead
from projections.documents.pipeline import Pipeline
from projections.documents.product import Product
from projections.documents.team import Team
from projections.documents.user import User

SEARCHED: Final = (Lead, Contact, Account, Deal, Activity, Pipeline, Product, Team, User)
MAX_CHARACTERS: Final = 20_000
"""Of an entity's texts, in the order in which they are given; what goes beyond is not searched."""
MAX_WORDS: Final = 1_000
MAX_LABEL: Final = 200
SHORTEST_MEANT: Final = 3
MOST_JOINED: Final = 3
"""Words that are found as one too, where no space is between them."""

_NAMES: Final = frozenset({"name", "company", "subject"})
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
_JOINED = re.compile(r"\w+[^\w\s]\S+")
_encode = msgspec.json.Encoder().encode


class Text(msgspec.Struct, frozen=True):
    """A searched text, under the name that clients know its field by."""

    field: str
    text: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What a row is made of."""

    name: str
    texts: tuple[Text, ...]
    close: frozenset[str] = frozenset({"name"})
    """The fields that are found by a piece of a word too."""
    owner_id: UUID | None = None
    pipeline_id: UUID | None = None
    stage_id: UUID | None = None
    archived: bool = False
    merged_into_id: UUID | None = None


def columns(entry: Entry) -> Row:
    """All columns that come of an entry."""
    return said(entry) | belongs(entry)


def said(entry: Entry) -> Row:
    """The columns that say what is searched."""
    close = (each.text for each in entry.texts if each.field in entry.close)
    return {
        "name": entry.name,
        "label": " ".join(words(entry.name))[:MAX_LABEL].rstrip(),
        "words": " ".join(_distinct(entry.texts)),
        "letters": spelled(" ".join(dict.fromkeys(_letters(close)))),
        "texts": _encode(entry.texts).decode(),
    }


def belongs(entry: Entry) -> Row:
    """The columns that say whose it is, and where it belongs."""
    return {
        "owner_id": entry.owner_id,
        "pipeline_id": entry.pipeline_id,
        "stage_id": entry.stage_id,
        "archived": entry.archived or entry.merged_into_id is not None,
        "merged_into_id": entry.merged_into_id,
    }


def near_words(entry: Entry) -> Set[str]:
    """What somebody who makes a typo may have meant: the words of names that are made of letters only."""
    named = (word for each in entry.texts if each.field in _NAMES for word in words(each.text))
    return {word for word in named if len(word) >= SHORTEST_MEANT and _DIGIT.search(word) is None}


def entry_of(document: Document) -> Entry:
    """What is searched of a document."""
    return _ENTRIES[type(document)](document)


def _distinct(texts: Iterable[Text]) -> list[str]:
    found: dict[str, None] = {}
    for each in texts:
        found.update(dict.fromkeys(words(each.text)))
        if number := _number(each.text):
            found[number] = None
        for part in _JOINED.findall(each.text):
            if len(own := words(part)) <= MOST_JOINED:  # who looks for obrien means O'Brien
                found["".join(own)[:MAX_WORD]] = None
    found.pop("", None)
    return list(found)[:MAX_WORDS]


def _letters(texts: Iterable[str]) -> Iterator[str]:
    """E-mail addresses as they are, numbers without what groups their digits, and the words of all else."""
    for text in texts:
        if "@" in text:
            yield fold(text)
        elif number := _number(text):
            yield number
        else:
            yield from words(text)


def _number(text: str) -> str:
    """The digits of what is made of digits and signs, a phone number for the most part; else nothing."""
    return "" if _LETTER.search(text) else digits(text)[:MAX_WORD]


def _texts(*fields: tuple[str, str | None]) -> tuple[Text, ...]:
    """Those that there are, up to MAX_CHARACTERS in all."""
    left, found = MAX_CHARACTERS, []
    for name, text in fields:
        if text and left > 0:
            found.append(Text(name, text[:left]))
            left -= len(text)
    return tuple(found)


def _lead(lead: Lead) -> Entry:
    return Entry(
        name=lead.name,
        texts=_texts(*_person(lead), ("company", lead.company), *_origin(lead), *_attributes(lead)),
        close=_CLOSE,
        owner_id=lead.owner_id,
        archived=lead.archived,
        merged_into_id=lead.merged_into_id,
    )


def _contact(contact: Contact) -> Entry:
    return Entry(
        name=contact.name,
        texts=_texts(*_person(contact), ("externalId", contact.external_id), *_attributes(contact)),
        close=_CLOSE,
        owner_id=contact.owner_id,
        archived=contact.archived,
        merged_into_id=contact.merged_into_id,
    )


_CLOSE = frozenset({"name", "email", "phone", "phoneE164", "company", "externalId"})


def _person(person: Lead | Contact) -> tuple[tuple[str, str | None], ...]:
    return (
        ("name", person.person_name),
        ("jobTitle", person.job_title),
        ("email", person.email),
        ("phone", person.phone),
        ("phoneE164", person.phone_e164),
    )


def _origin(lead: Lead) -> tuple[tuple[str, str | None], ...]:
    return ("source", lead.source), ("campaign", lead.campaign), ("externalId", lead.external_id)


def _attributes(person: Lead | Contact) -> Iterator[tuple[str, str]]:
    return ((f"attributes.{one.name}", one.value) for one in person.attributes)


def _account(account: Account) -> Entry:
    details = (("sector", account.sector), ("location", account.location), ("territory", account.territory))
    return Entry(
        name=account.name,
        texts=_texts(("name", account.name), *details),
        owner_id=account.owner_id,
        archived=account.archived,
        merged_into_id=account.merged_into_id,
    )


def _deal(deal: Deal) -> Entry:
    return Entry(
        name=deal.name,
        texts=_texts(("name", deal.name), ("lossDetail", deal.loss_detail)),
        owner_id=deal.owner_id,
        pipeline_id=deal.pipeline_id,
        stage_id=deal.stage_id,
    )


def _activity(activity: Activity) -> Entry:
    notes = (("body", activity.body), ("outcome", activity.outcome), ("reason", activity.reason))
    return Entry(
        name=activity.name,
        texts=_texts(("subject", activity.subject), *notes),
        close=frozenset({"subject"}),
        owner_id=activity.owner_id,
    )


def _pipeline(pipeline: Pipeline) -> Entry:
    stages = (("stages", stage.name) for stage in pipeline.stages if not stage.retired)
    return Entry(name=pipeline.name, texts=_texts(("name", pipeline.name), *stages))


_ENTRIES: Mapping[type[Document], Callable[[Any], Entry]] = {
    Lead: _lead,
    Contact: _contact,
    Account: _account,
    Deal: _deal,
    Activity: _activity,
    Pipeline: _pipeline,
    Product: lambda product: Entry(
        name=product.name, texts=_texts(("name", product.name), ("series", product.series)), archived=product.retired
    ),
    Team: lambda team: Entry(name=team.name, texts=_texts(("name", team.name), ("region", team.region))),
    User: lambda user: Entry(name=user.name, texts=_texts(("name", user.name), ("region", user.region))),
}
