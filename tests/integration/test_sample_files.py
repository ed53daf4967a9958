"""The sample inside the package is the published one."""

import gzip
from importlib.resources import files
from pathlib import Path

import pytest

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "crm-sales-opportunities"


@pytest.mark.shared_data
@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=f"the published data set is not at {PUBLISHED}")
@pytest.mark.parametrize("name", ["accounts", "products", "sales_pipeline", "sales_teams"])
def test_each_file_is_the_published_one(name: str) -> None:
    """Nothing was cleaned by hand: each file is, byte for byte, what was published."""
    packed = files("write_side.entrypoints").joinpath("sample_data", f"{name}.csv.gz").read_bytes()
    assert gzip.decompress(packed) == (PUBLISHED / f"{name}.csv").read_bytes()
