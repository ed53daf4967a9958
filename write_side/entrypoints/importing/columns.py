"""Where in a row the texts of a mapping's columns are."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from write_side.entrypoints.importing.cells import INVALID, Text
from write_side.entrypoints.importing.faults import BadFile, BadMapping, BadRow
from write_side.entrypoints.importing.mapping import FileMapping, FreeAttributes, Part, Place

MOST_SHOWN = 12


class Columns:
    """A header, and what a mapping makes of it."""

    def __init__(self, header: Sequence[str], mapping: FileMapping, further: Iterable[Place] = ()) -> None:
        """Raises BadFile where the file lacks a column, or has a name twice that is not told apart by number."""
        self._header = header
        self._mapping = mapping
        self._used = [*mapping.places(), *further]
        self._check_twice()
        self._check_missing()

    def index(self, place: Place) -> int:
        """Where in a row a column is."""
        return place - 1 if isinstance(place, int) else self._header.index(place.strip())

    def text(self, field: str, part: Part) -> Text:
        """How the text of a part is taken from a row."""
        if part.value is not None:
            constant = _plain(part.value)
            return lambda _cells: constant
        indexes = [self.index(place) for place in part.places]
        empty = frozenset(("", *part.empty, *self._mapping.file.empty))
        taken = _single(indexes[0], empty) if len(indexes) == 1 else _joined(indexes, part.join, empty)
        if part.split is not None:
            taken = _piece(taken, part.split, part.part)
        if part.lookup is not None:
            taken = _looked_up(field, taken, self._mapping.lookups[part.lookup], part)
        return taken if part.default is None else _with_default(taken, _plain(part.default))

    def attributes(self, free: FreeAttributes) -> list[tuple[int, str]]:
        """Index and name of each column that is a free attribute."""
        skipped = {self.index(place) for place in free.skip}
        if free.columns == "others":
            used = (part.places for part in self._mapping.fields.values())
            said = (consent.places() for consent in self._mapping.consents.values())
            skipped |= {self.index(place) for places in (*used, *said) for place in places}
            chosen: Iterable[int] = range(len(self._header))
        else:
            chosen = [self.index(place) for place in free.columns]
        return [(at, self._header[at]) for at in chosen if at not in skipped and self._header[at]]

    def _check_twice(self) -> None:
        numbered = {place for place in self._used if isinstance(place, int)}
        named = {place.strip() for place in self._used if isinstance(place, str)}
        for name, times in Counter(filter(None, self._header)).items():
            at = [number for number, other in enumerate(self._header, 1) if other == name]
            if times > 1 and (name in named or not numbered & set(at)):
                where = ", ".join(map(str, at))
                raise BadFile(
                    f"the header has {name!r} {times} times (columns {where}): name them by number in the mapping"
                )

    def _check_missing(self) -> None:
        missing = [
            place
            for place in dict.fromkeys(self._used)
            if (place > len(self._header) if isinstance(place, int) else place.strip() not in self._header)
        ]
        if missing:
            shown = [repr(name) for name in self._header[:MOST_SHOWN]]
            more = len(self._header) - len(shown)
            raise BadFile(
                f"column{'s' * (len(missing) > 1)} {', '.join(map(repr, missing))} not found; its header has "
                f"{len(self._header)} columns: {', '.join(shown)}{f' and {more} more' if more else ''}"
                + (" (is the delimiter right?)" if len(self._header) == 1 else "")
            )


def _plain(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _single(index: int, empty: frozenset[str]) -> Text:
    if empty == {""}:
        return lambda cells: cells[index].strip() or None

    def text(cells: Sequence[str]) -> str | None:
        found = cells[index].strip()
        return None if found in empty else found

    return text


def _joined(indexes: Sequence[int], join: str, empty: frozenset[str]) -> Text:
    def text(cells: Sequence[str]) -> str | None:
        return join.join(found for index in indexes if (found := cells[index].strip()) not in empty) or None

    return text


def _piece(taken: Text, separator: str, part: int) -> Text:
    def text(cells: Sequence[str]) -> str | None:
        pieces = (taken(cells) or "").split(separator)
        index = part - 1 if part > 0 else part
        return pieces[index].strip() or None if -len(pieces) <= index < len(pieces) else None

    return text


def _looked_up(field: str, taken: Text, table: Mapping[str, str], part: Part) -> Text:
    def text(cells: Sequence[str]) -> str | None:
        if (found := taken(cells)) is None or found in table:
            return found if found is None else table[found] or None
        if part.unknown == "reject":
            raise BadRow(f"{found!r} is not in the look-up {part.lookup!r}", code=INVALID, field=field, value=found)
        return found if part.unknown == "keep" else None

    return text


def _with_default(taken: Text, default: str) -> Text:
    return lambda cells: default if (found := taken(cells)) is None else found


def check_names(given: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raises BadMapping for a name that is not known."""
    names = sorted(known)
    for name in given:
        if name not in names:
            raise BadMapping(f"{what} has no {name!r}; it has {', '.join(names) or 'nothing'}")
