"""The packaged mappings on the files that they are for."""

import csv
import gzip
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from event_schemas.deal import DealLost, DealOpened, DealWon
from event_schemas.lead import LeadCaptured
from tests.support.importing import Imports
from tests.support.sample_figures import figures, rows
from tests.support.secrets import MASTER
from write_side.bootstrap import postgres_store
from write_side.entrypoints import mappings

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "lead-scoring" / "leads.csv.gz"
SAMPLE = (
    ("sample-accounts", "accounts"),
    ("sample-products", "products"),
    ("sample-managers", "sales_teams"),
    ("sample-teams", "sales_teams"),
    ("sample-agents", "sales_teams"),
    ("sample-deals", "sales_pipeline"),
)


def packaged(name: str) -> str:
    """The text of a mapping that comes with the platform."""
    return (Path(str(mappings.__path__[0])) / f"{name}.toml").read_text()


async def test_the_sample_imports_to_its_figures(crm_database: str, tmp_path: Path) -> None:
    """The sample's files, by their mappings alone, make the deals and the value won that the CSV has."""
    async with postgres_store(crm_database, master_secret=MASTER) as store:
        imports = Imports(store, tmp_path)
        for mapping, name in SAMPLE:
            read = rows(name)
            path = imports.file([list(read[0]), *(list(row.values()) for row in read)], f"{name}.csv")
            summary = await imports.run(path, packaged(mapping))
            assert (summary.rows, summary.rejected) == (len(read), 0), (mapping, imports.reasons.codes)
        facts = await imports.events()
    expected = figures(None)[""]
    won = [fact.amount.minor for fact in facts if isinstance(fact, DealWon)]
    assert (len(won), sum(won)) == (expected["won"].count, expected["won"].minor)
    lost = sum(isinstance(fact, DealLost) for fact in facts)
    opened = [fact.amount.minor for fact in facts if isinstance(fact, DealOpened)]
    assert (lost, len(opened)) == (expected["lost"].count, len(rows("sales_pipeline")))
    assert Counter(type(fact).__name__ for fact in facts)["AccountParentSet"] == 15


@pytest.mark.shared_data
@pytest.mark.skipif(not PUBLISHED.is_file(), reason=f"the published leads are not at {PUBLISHED}")
async def test_the_leads_and_their_funnel_by_source(crm_database: str, tmp_path: Path) -> None:
    """All 9,240 leads are captured, 3,561 are converted to nothing new, and each source has what the CSV says."""
    with gzip.open(PUBLISHED, "rt", newline="") as file:
        read = list(csv.DictReader(file))
    expected_captured = Counter(row["Lead Source"] or None for row in read)
    expected_converted = Counter(row["Lead Source"] or None for row in read if row["Converted"] == "1")
    async with postgres_store(crm_database, master_secret=MASTER) as store:
        imports = Imports(store, tmp_path)
        summary = await imports.run(PUBLISHED, packaged("lead-scoring"))
        recorded = await imports.recorded()
    assert (summary.rows, summary.accepted, summary.rejected) == (9_240, 9_240, 0)
    source = {one.entity_id: one.event.source for one in recorded if isinstance(one.event, LeadCaptured)}
    converted: list[Any] = [one for one in recorded if one.meta.type == "lead.converted"]
    assert {(one.event.account, one.event.contact, one.event.deal) for one in converted} == {(None, None, None)}
    assert len(converted) == 3_561
    assert Counter(source.values()) == expected_captured
    assert Counter(source[one.entity_id] for one in converted) == expected_converted
