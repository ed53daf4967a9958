"""What every search holds to: how entities are found. A subclass's module provides ``searched``."""

import pytest

from event_schemas.account import AccountArchived, AccountDetailsChanged
from event_schemas.activity import ActivityCompleted, ActivityKind, ActivityScheduled
from event_schemas.contact import ContactArchived, ContactMerged, ContactRestored
from event_schemas.lead import LeadArchived, LeadDetailsChanged
from event_schemas.organisation import TeamCreated, UserCreated
from event_schemas.people import Attribute, PersonChange
from event_schemas.pipeline import PipelineDefined
from event_schemas.product import ProductListed, ProductRetired
from read_api.search import Match, Question
from tests.support.events import NOON, Log, some_id
from tests.support.histories import PIPELINE, STAGES, usd
from tests.support.searching import (
    ADA,
    OTHER_TENANT,
    Searched,
    account,
    contact,
    deal,
    find,
    lead,
    leads,
    logged,
    marked,
    names,
)


class SearchContract:
    """How entities are found."""

    @pytest.fixture
    def log(self) -> Log:
        """Of the tenant demo."""
        return Log()

    async def test_words_are_found_by_their_beginnings(self, searched: Searched, log: Log) -> None:
        """In any order, in any case; every word of the text has to be there."""
        leads(log, "Ada Lovelace", "Ada Byron", "Alan Turing")
        await searched.learn(log.events)
        assert await find(searched, "lov") == ["Ada Lovelace"]
        assert await find(searched, "LOVE ad") == ["Ada Lovelace"]
        assert await find(searched, "ada") == ["Ada Byron", "Ada Lovelace"]
        assert await find(searched, "alan lovelace") == []

    async def test_the_best_way_to_be_found_comes_first(self, searched: Searched, log: Log) -> None:
        """The whole name, then names that begin so, names that have the words, other fields, typos; then by name."""
        leads(log, "Marlo", "Marlow Adams", "Marlow", "Zed Marlow", "Berta Marlow")
        log.append("lead", some_id("x"), lead("Aaron", company="Marlow & Sons"))
        await searched.learn(log.events)
        answer = await searched.find(Question(text="marlow"))
        assert [(hit.name, hit.match) for hit in answer.hits] == [
            ("Marlow", Match.EXACT),
            ("Marlow Adams", Match.PREFIX),
            ("Berta Marlow", Match.WORD),
            ("Zed Marlow", Match.WORD),
            ("Aaron", Match.WORD),
            ("Marlo", Match.TYPO),
        ]

    @pytest.mark.parametrize("text", ["Lovelase", "Lovlace", "Lovellace", "Lvoelace", "Hovelace", "Adda Lovlace"])
    async def test_typos_are_forgiven(self, searched: Searched, log: Log, text: str) -> None:
        """A wrong letter, one too few or too many, two in the wrong order, the first one too; in each of the words."""
        leads(log, "Ada Lovelace", "Grace Hopper")
        await searched.learn(log.events)
        answer = await searched.find(Question(text=text))
        assert [(hit.name, hit.match) for hit in answer.hits] == [("Ada Lovelace", Match.TYPO)]
        assert "Lovelace" in marked(answer.hits[0])["name"]

    async def test_short_words_are_forgiven_less(self, searched: Searched, log: Log) -> None:
        """One edit in a word of up to five letters, two in a longer one."""
        leads(log, "John Wheeler", "Jack Wheeldon")
        await searched.learn(log.events)
        assert await find(searched, "jonh") == ["John Wheeler"]
        assert await find(searched, "johm") == ["John Wheeler"]
        assert await find(searched, "zonk") == []
        assert await find(searched, "whealar") == ["John Wheeler"]

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("Zoë Ångström", "zoe angstrom"),
            ("Zoe Angstrom", "ZOË ÅNGSTRÖM"),
            ("Łukasz Żak", "lukasz zak"),
            ("Søren Strauß", "soren strauss"),
            ("Nguyễn Thị", "nguyen thi"),
            ("e\u0301lise", "\u00e9lise"),
            ("\uff26\uff55\uff4c\uff4c Width", "full"),
            ("Şule İnan", "sule inan"),
            ("O'Brien", "obrien"),
            ("O'Brien", "o brien"),
            ("Smith-Jones", "smithjones"),
        ],
    )
    async def test_accents_and_punctuation_do_not_count(
        self, searched: Searched, log: Log, name: str, text: str
    ) -> None:
        """In what is searched as in the text, composed or not; and it is no typo."""
        leads(log, name)
        await searched.learn(log.events)
        (hit,) = (await searched.find(Question(text=text))).hits
        assert hit.name == name
        assert hit.match in (Match.EXACT, Match.PREFIX, Match.WORD)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("Пётр Чайковский", "чайк"),
            ("Пётр Чайковский", "Чайкоский"),
            ("Пётр Чайковский", "айковс"),
            ("Ελένη Γλύκατζη", "γλυκ"),
            ("محمد الخوارزمي", "مُحَمَّد"),
            ("שָׁלוֹם עליכם", "שלום"),
            ("東京都庁", "東京"),
            ("東京都庁", "都庁"),
            ("हिन्दी भाषा", "हिन्"),
            ("Rocket 🚀", "🚀"),
            ("Hall ٤٢", "42"),
        ],
    )
    async def test_every_script_is_searched(self, searched: Searched, log: Log, name: str, text: str) -> None:
        """By beginnings, pieces and near words alike."""
        leads(log, name, "Somebody Else")
        await searched.learn(log.events)
        assert await find(searched, text) == [name]

    @pytest.mark.parametrize("text", ["+1 (415) 555-0123", "14155550123", "555 0123", "5550123", "555.01", "41555"])
    async def test_phone_numbers_are_found_by_pieces(self, searched: Searched, log: Log, text: str) -> None:
        """However the digits are grouped, there and here; the whole number is better than a piece."""
        numbers = {"phone": "(415) 555-0123", "phone_e164": "+14155550123"}
        log.append("contact", some_id("a"), contact("Ada", **numbers))
        log.append("contact", some_id("b"), contact("Bo", phone="030 1234567"))
        await searched.learn(log.events)
        (hit,) = (await searched.find(Question(text=text))).hits
        assert (hit.name, hit.match is Match.EXACT) == ("Ada", "415" in text[:8] and "0123" in text)
        assert marked(hit)

    @pytest.mark.parametrize(
        ("text", "match"),
        [
            ("Ada.Lovelace@Example.com", Match.EXACT),
            ("lace@exam", Match.FRAGMENT),
            ("<ada.lovelace@example.com>,", Match.EXACT),
            ("ada lovelace@", Match.FRAGMENT),
            ("velac", Match.FRAGMENT),
            ("lovelace example", Match.WORD),
        ],
    )
    async def test_addresses_are_found_by_pieces(self, searched: Searched, log: Log, text: str, match: Match) -> None:
        """With the @ or by their words; other words of the text have to be there too."""
        log.append("contact", some_id("a"), contact("Countess", email="ada.lovelace@example.com"))
        log.append("contact", some_id("b"), contact("Bo", email="bo@example.com"))
        await searched.learn(log.events)
        (hit,) = (await searched.find(Question(text=text))).hits
        assert (hit.name, hit.match) == ("Countess", match)
        assert marked(hit)["email"]

    async def test_entities_of_every_kind_are_found_by_their_fields(self, searched: Searched, log: Log) -> None:
        """Each by what its kind has to say, and by nothing that belongs to another entity."""
        attributes = (Attribute(name="Hobby", value="kitesurfing"),)
        log.append("lead", some_id("l"), lead("Lea", attributes=attributes, source="Fair", external_id="LX-77"))
        log.append("contact", some_id("c"), contact("Cleo", job_title="Astronomer"))
        log.append("account", some_id("a"), account("Acme", sector="Horology"))
        log.append("pipeline", PIPELINE, PipelineDefined(name="Sales", currency="USD", stages=STAGES))
        log.append("deal", some_id("d"), deal("Telescope 7"))
        log.append("product", some_id("p"), ProductListed(name="GTX Pro", series="Nebula", price=usd(1)))
        log.append("team", some_id("t"), TeamCreated(name="Northern lights", region="Tundra", manager_id=None))
        log.append("user", ADA, UserCreated(name="Ada", region="Steppe", manager_id=None))
        log.append("activity", some_id("y"), logged("Handshake", "spoke of marzipan"))
        await searched.learn(log.events)
        found = {
            text: [(hit.kind, hit.name, hit.id) for hit in (await searched.find(Question(text=text))).hits]
            for text in (
                *("kitesurf", "fair", "lx-77", "astronomer", "horology", "prospecting", "telescope", "nebula"),
                *("tundra", "steppe", "handshake", "marzipan"),
            )
        }
        a_lead = ("lead", "Lea", some_id("l"))
        an_activity = ("activity", "Handshake", some_id("y"))
        assert found == {
            "kitesurf": [a_lead],
            "fair": [a_lead],
            "lx-77": [a_lead],
            "astronomer": [("contact", "Cleo", some_id("c"))],
            "horology": [("account", "Acme", some_id("a"))],
            "prospecting": [("pipeline", "Sales", PIPELINE)],
            "telescope": [("deal", "Telescope 7", some_id("d"))],
            "nebula": [("product", "GTX Pro", some_id("p"))],
            "tundra": [("team", "Northern lights", some_id("t"))],
            "steppe": [("user", "Ada", ADA)],
            "handshake": [an_activity],
            "marzipan": [an_activity],
        }

    async def test_the_newest_words_are_searched(self, searched: Searched, log: Log) -> None:
        """An entity that changed is found by what it says now, and by that alone."""
        leads(log, "Ada Lovelace", company="Analytical Engines")
        log.append("lead", some_id("Ada Lovelace"), LeadDetailsChanged(person=PersonChange(name="Ada King")))
        log.append("account", some_id("acme"), account("Acme"), AccountDetailsChanged(name="Zenith"))
        scheduled = ActivityScheduled(
            kind=ActivityKind.TASK,
            subject="Errand",
            body=None,
            related=(),
            person_id=None,
            owner_id=None,
            due_at=NOON,
        )
        log.append("activity", some_id("y"), scheduled, ActivityCompleted(outcome="voicemail", person_id=None))
        await searched.learn(log.events)
        assert await find(searched, "lovelace") == await find(searched, "acme") == []
        assert await find(searched, "king") == await find(searched, "analytical") == ["Ada King"]
        assert await find(searched, "zenith") == ["Zenith"]
        assert await find(searched, "voicemail") == ["Errand"]

    async def test_what_is_archived_or_merged_comes_last_and_says_so(self, searched: Searched, log: Log) -> None:
        """Below every other hit, however well it fits; what was restored is as before."""
        for name, *after in (
            ("Marlow", ContactArchived()),
            ("Marlow Merged", ContactMerged(into_id=some_id("Marlow Restored"))),
            ("Marlow Restored", ContactArchived(), ContactRestored()),
        ):
            log.append("contact", some_id(name), contact(name), *after)
        leads(log, "Lia Marlow", "Leo Marlow")
        log.append("lead", some_id("Leo Marlow"), LeadArchived())
        log.append("account", some_id("a"), account("Old Marlow"), AccountArchived())
        retired = ProductRetired()
        log.append("product", some_id("p"), ProductListed(name="Marlow 1", series=None, price=usd(1)), retired)
        await searched.learn(log.events)
        hits = (await searched.find(Question(text="marlow"))).hits
        assert [hit.name for hit in hits if not hit.archived] == ["Marlow Restored", "Lia Marlow"]
        shown = ["Marlow", "Marlow 1", "Marlow Merged", "Leo Marlow", "Old Marlow"]
        assert [hit.name for hit in hits] == ["Marlow Restored", "Lia Marlow", *shown]
        assert [hit.merged_into_id for hit in hits if hit.name == "Marlow Merged"] == [some_id("Marlow Restored")]

    async def test_other_tenants_are_never_found(self, searched: Searched, log: Log) -> None:
        """Neither by name, piece or typo, nor in the counts."""
        elsewhere = Log(OTHER_TENANT)
        elsewhere.append("lead", some_id("o"), lead("Ada Lovelace", email="ada@example.com", owner_id=ADA))
        await searched.learn(elsewhere.events)
        other = Log(after=len(elsewhere.events))
        other.append("lead", some_id("m"), lead("Grace Hopper", email="grace@example.com"))
        await searched.learn(other.events)
        for text in ("Ada Lovelace", "ada", "lovelase", "ovela", "ada@exam", "ada@example.com"):
            answer = await searched.find(Question(text=text))
            assert (answer.hits, answer.total, answer.kinds, answer.owners) == ([], 0, (), ()), text
            assert names(await searched.find(Question(text=text), OTHER_TENANT)) == ["Ada Lovelace"], text
        assert await find(searched, "example") == ["Grace Hopper"]
