"""Columns that say whether a contact may be reached, by which channel, for what."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from write_side.domain.contact_commands import GiveContactConsent, WithdrawContactConsent
from write_side.entrypoints.importing.cells import INVALID, Get
from write_side.entrypoints.importing.columns import Columns
from write_side.entrypoints.importing.faults import BadMapping, BadRow
from write_side.entrypoints.importing.kinds import Kind
from write_side.entrypoints.importing.mapping import Consent, Part, as_part
from write_side.entrypoints.importing.steps import CONSENTS, Step

CONTACT = "contact"
MakeGetter = Callable[[str, Part, Any], Get]


class _Column(NamedTuple):
    number: int
    name: str
    place: int
    given: frozenset[str]
    withdrawn: frozenset[str]
    fields: Mapping[str, Any]
    evidence: Get | None


class Consents:
    """The consents of a mapping. A text that stands for neither yes nor no says nothing."""

    def __init__(self, consents: Mapping[str, Consent], kind: Kind, columns: Columns, getter: MakeGetter) -> None:
        """Raises BadMapping."""
        if consents and kind.name != CONTACT:
            raise BadMapping(f"[consents] are given by contacts, and rows become a {kind.name}")
        self._columns = [
            _column(CONSENTS + number, name, consent, columns, getter)
            for number, (name, consent) in enumerate(consents.items())
        ]

    def steps(self, cells: Sequence[str], contact: UUID, occurred_at: datetime | None) -> Iterator[Step]:
        """What a row says; raises BadRow."""
        for one in self._columns:
            text = cells[one.place].strip()
            if text not in one.given and text not in one.withdrawn:
                continue
            if text in one.withdrawn:
                yield Step(one.number, WithdrawContactConsent(id=contact, **one.fields), occurred_at)
            else:
                yield Step(one.number, _given(contact, one, cells), occurred_at)


def _given(contact: UUID, one: _Column, cells: Sequence[str]) -> GiveContactConsent:
    evidence = (one.evidence(cells) if one.evidence is not None else None) or ""
    try:
        return msgspec.convert({"id": contact, **one.fields, "evidence": evidence}, GiveContactConsent)
    except msgspec.ValidationError as error:
        raise BadRow(str(error), code=INVALID, field=_field(one.name), value=evidence) from error


def _column(number: int, name: str, consent: Consent, columns: Columns, getter: MakeGetter) -> _Column:
    fields = {"channel": consent.channel, "purpose": name if consent.purpose is None else consent.purpose}
    try:
        checked = msgspec.convert({"id": UUID(int=0), **fields}, WithdrawContactConsent)
    except msgspec.ValidationError as error:
        raise BadMapping(f"consents.{name}: {error}") from error
    given, withdrawn = _texts(consent.given), _texts(consent.withdrawn)
    if twice := given & withdrawn:
        raise BadMapping(f"consents.{name}: {min(twice)!r} cannot stand for both: given and withdrawn")
    return _Column(
        number,
        name,
        columns.index(consent.column),
        given,
        withdrawn,
        {"channel": checked.channel, "purpose": checked.purpose},
        getter(_field(name), as_part(consent.evidence), str) if consent.evidence is not None else None,
    )


def _field(name: str) -> str:
    """As the errors file names it."""
    return f"consents.{name}"


def _texts(given: str | tuple[str, ...]) -> frozenset[str]:
    return frozenset((given,) if isinstance(given, str) else given)
