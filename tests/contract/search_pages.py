"""What every search holds to: marks, counts, pages, and that any text will do. Likewise."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from event_schemas.deal import DealOwnerChanged, DealStageChanged
from event_schemas.lead import LeadDetailsChanged
from event_schemas.people import PersonChange
from read_api.search import Answer, Hit, KindCount, OwnerCount, Piece, Question, StageCount
from tests.support.events import Log, some_id
from tests.support.histories import ENGAGING, PIPELINE, PROSPECTING
from tests.support.searching import (
    ADA,
    BO,
    OTHER_TENANT,
    Searched,
    account,
    deal,
    find,
    lead,
    leads,
    logged,
    marked,
    names,
)

NO_WORDS = (
    *("", " ", "\0", "%", "_", "%%%", "'", "''", "\\", "\\'", '"', "!&|()<->:*", "@", "@@@", "--", "- . , / = + ~"),
    *("\ud800", "\u202e", "\u0301", "\x1b"),
)
NOBODY = (
    *("nobody' or '1'='1", "nobody | ada", "!nobody", "nobody:*", "no%", "n_body@example", "%@example", "nobody\0ada"),
    *(
        "nobody' | 'demo/ada",
        "other/k=lead",
        "k=lead",
        "o=",
        "nobody \\",
        "ada/../nobody",
        "$1 nobody",
        "x" * 59 + "'\\",
    ),
    *("nobody\u202eada", "\ud800 nobody", "🚀🚀 nobody", "n" * 1_000_000, "nobody " * 200_000, "@" * 100_000),
)


async def pages(searched: Searched, question: Question) -> list[Answer]:
    """All pages."""
    found = [await searched.find(question)]
    while found[-1].has_more:
        after = found[-1].hits[-1].place
        found.append(await searched.find(msgspec.structs.replace(question, after=after)))
    return found


class SearchPagesContract:
    """What is said of what was found."""

    @pytest.fixture
    def log(self) -> Log:
        """Of the tenant demo."""
        return Log()

    async def test_marks_say_what_was_found_and_where(self, searched: Searched, log: Log) -> None:
        """Each field in which something was found, as it is written, and of it just what was asked for."""
        fields: dict[str, Any] = {"email": "ada.love@example.com", "job_title": "Countess", "phone": "+44 20 7946 0018"}
        log.append("lead", some_id("a"), lead("Ádá Lovelace", company="Love Ltd", **fields))
        await searched.learn(log.events)

        async def marks(text: str) -> dict[str, list[str]]:
            (hit,) = (await searched.find(Question(text=text))).hits
            return marked(hit)

        assert await marks("ada lov") == {"name": ["Ádá", "Lov"], "email": ["ada", "lov"], "company": ["Lov"]}
        assert await marks("LOVELACE") == {"name": ["Lovelace"]}
        assert await marks("lovelase") == {"name": ["Lovelace"]}
        assert await marks("velac") == {"name": ["velac"]}
        assert await marks("love@ex") == {"email": ["love@ex"]}
        assert await marks("207946") == {"phone": ["20 7946"]}

    async def test_marks_are_no_markup(self, searched: Searched, log: Log) -> None:
        """A text comes back piece by piece as it is, so that what it holds cannot pass for a mark."""
        name = "<b>Eve</b> & <script>alert('eve')</script>"
        leads(log, name)
        await searched.learn(log.events)
        (hit,) = (await searched.find(Question(text="eve"))).hits
        (highlight,) = hit.highlights
        assert "".join(piece.text for piece in highlight.pieces) == hit.name == name
        assert highlight.pieces[:3] == (Piece("<b>", marked=False), Piece("Eve", marked=True), highlight.pieces[2])
        assert all(not left.marked or not right.marked for left, right in pairwise(highlight.pieces))

    async def test_of_a_long_text_the_part_around_the_find_is_shown(self, searched: Searched, log: Log) -> None:
        """Not all of a page of notes."""
        body = f"{'before ' * 100}marzipan {'after ' * 100}"
        log.append("activity", some_id("y"), logged("Call", body))
        await searched.learn(log.events)
        (hit,) = (await searched.find(Question(text="marzipan"))).hits
        (highlight,) = hit.highlights
        shown = "".join(piece.text for piece in highlight.pieces)
        assert marked(hit) == {"body": ["marzipan"]}
        assert shown in body
        assert len(shown) < 300

    async def test_hits_are_counted_by_kind_owner_and_stage(self, searched: Searched, log: Log) -> None:
        """Over all pages, the most first; what nobody owns counts for nobody."""
        leads(log, "Marlow 1", "Marlow 2", "Marlow 3", owner_id=ADA)
        log.append("account", some_id("a"), account("Marlow", owner=BO))
        for number, (owner, stage) in enumerate(((ADA, PROSPECTING), (BO, PROSPECTING), (None, ENGAGING))):
            log.append("deal", some_id(f"d{number}"), deal(f"Marlow deal {number}", owner=owner, stage=stage))
        await searched.learn(log.events)
        answer = await searched.find(Question(text="marlow", first=1))
        assert answer.total == 7
        assert not answer.capped
        assert sorted(answer.kinds, key=lambda each: each.kind) == [
            KindCount("account", 1),
            KindCount("deal", 3),
            KindCount("lead", 3),
        ]
        assert list(answer.owners) == [OwnerCount(ADA, 4), OwnerCount(BO, 2)]
        assert list(answer.stages) == [StageCount(PIPELINE, PROSPECTING, 2), StageCount(PIPELINE, ENGAGING, 1)]

    async def test_hits_are_filtered_by_kind_owner_and_stage(self, searched: Searched, log: Log) -> None:
        """All conditions hold, for hits and counts, however the hits are found."""
        leads(log, "Marlow 1", owner_id=ADA)
        log.append("deal", some_id("d"), deal("Marlow 2", owner=ADA, stage=ENGAGING))
        log.append("deal", some_id("e"), deal("Marlow 3", owner=ADA), DealStageChanged(stage_id=ENGAGING))
        log.append("deal", some_id("e"), DealOwnerChanged(owner_id=BO))
        log.append("deal", some_id("f"), deal("Marlow 4", owner=ADA))
        await searched.learn(log.events)
        for text in ("marlow", "marlwo", "arlo", "mar"):
            assert await find(searched, text, kinds=("deal",)) == ["Marlow 2", "Marlow 3", "Marlow 4"], text
            assert await find(searched, text, kinds=("deal", "lead"), owner=ADA) == ["Marlow 1", "Marlow 2", "Marlow 4"]
            assert await find(searched, text, stage=ENGAGING) == ["Marlow 2", "Marlow 3"], text
            answer = await searched.find(Question(text=text, stage=ENGAGING, owner=BO))
            assert (names(answer), answer.total, answer.owners) == (["Marlow 3"], 1, (OwnerCount(BO, 1),)), text
            assert await find(searched, text, kinds=("team",)) == []

    @pytest.mark.parametrize("size", [1, 2, 3, 100])
    async def test_pages_hold_each_hit_once(self, searched: Searched, log: Log, size: int) -> None:
        """In the order of one long page, through all ways to be found, equal names too; with the same totals."""
        leads(log, "Marlow", "Marlow Ltd", "A Marlow", "B Marlow", "Marlo", "Marloq", "Xmarlowx")
        for number in range(3):
            log.append("account", some_id(number), account("Marlow Twin"))
        await searched.learn(log.events)
        whole = await searched.find(Question(text="marlow", first=1_000))
        split = await pages(searched, Question(text="marlow", first=size))
        assert [hit.place for page in split for hit in page.hits] == [hit.place for hit in whole.hits]
        assert len({hit.id for hit in whole.hits}) == whole.total == 10
        assert {page.total for page in split} == {10}
        assert not split[-1].has_more

    async def test_what_comes_into_being_between_two_pages_moves_nothing(self, searched: Searched, log: Log) -> None:
        """It is on none of them and in no count; a search that begins anew finds it."""
        leads(log, "Marlow B", "Marlow D", "Marlow F")
        await searched.learn(log.events)
        first = await searched.find(Question(text="marlow", first=2))
        later = Log(after=len(log.events))
        leads(later, "Marlow A", "Marlow C", "Marlow E", "Marlow G")
        await searched.learn(later.events)
        second = await searched.find(Question(text="marlow", first=2, after=first.hits[-1].place))
        assert (names(first), names(second)) == (["Marlow B", "Marlow D"], ["Marlow F"])
        assert (second.total, second.has_more) == (3, False)
        assert second.position > first.position
        assert (await searched.find(Question(text="marlow"))).total == 7

    async def test_what_changed_between_two_pages_keeps_its_place(self, searched: Searched, log: Log) -> None:
        """As long as its name is the same."""
        leads(log, "Marlow A", "Marlow B", "Marlow C", "Marlow D")
        await searched.learn(log.events)
        first = await searched.find(Question(text="marlow", first=2))
        later = [LeadDetailsChanged(company="Zenith"), LeadDetailsChanged(person=PersonChange(job_title="Buyer"))]
        for name in ("Marlow A", "Marlow C"):
            log.append("lead", some_id(name), *later)
        await searched.learn(log.events[4:])
        second = await searched.find(Question(text="marlow", first=2, after=first.hits[-1].place))
        assert names(second) == ["Marlow C", "Marlow D"]

    @pytest.mark.parametrize("text", NO_WORDS, ids=lambda text: ascii(text[:20]))
    async def test_a_text_without_words_finds_nothing(self, searched: Searched, log: Log, text: str) -> None:
        """And is no mistake."""
        leads(log, "Ada % _ ' \" \\ @ !", owner_id=ADA)
        await searched.learn(log.events)
        answer = await searched.find(Question(text=text))
        assert (list(answer.hits), answer.total) == ([], 0)

    @pytest.mark.parametrize("text", NOBODY, ids=lambda text: ascii(text[:20]))
    async def test_no_text_widens_a_search(self, searched: Searched, log: Log, text: str) -> None:
        """Signs are never operators, wildcards or quotes; a huge text is as its beginning."""
        leads(log, "Ada Lovelace", email="ada@example.com", owner_id=ADA)
        elsewhere = Log(OTHER_TENANT, after=1)
        leads(elsewhere, "Ada Elsewhere", "Nobody Elsewhere")
        await searched.learn([*log.events, *elsewhere.events])
        assert await find(searched, text) == []

    async def test_typed_as_it_goes_it_is_found_all_the_way(self, searched: Searched, log: Log) -> None:
        """Every beginning of a name from its first letter on finds it, first of all."""
        leads(log, "Ada Lovelace-Ångström", "Zed", "Bo Derek")
        await searched.learn(log.events)
        name = "Ada Lovelace-Ångström"
        for length in range(1, len(name) + 1):
            hits: list[Hit] = list((await searched.find(Question(text=name[:length]))).hits)
            assert [hit.name for hit in hits][:1] == [name], name[:length]
