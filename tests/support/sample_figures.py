"""The sample's figures, computed from its CSV alone."""

import csv
import gzip
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files

Row = dict[str, str]


@dataclass(frozen=True)
class Sum:
    """How many deals, and their amount in minor units."""

    count: int = 0
    minor: int = 0

    def plus(self, minor: int) -> "Sum":
        """With one more deal."""
        return Sum(self.count + 1, self.minor + minor)


def rows(name: str) -> list[Row]:
    """One of the sample's files."""
    packed = files("write_side.entrypoints").joinpath("sample_data", f"{name}.csv.gz").read_bytes()
    return list(csv.DictReader(gzip.decompress(packed).decode().splitlines()))


def day(text: str) -> date | None:
    """``10/20/2016`` -> a date."""
    return datetime.strptime(text, "%m/%d/%Y").replace(tzinfo=UTC).date() if text else None


def prices() -> dict[str, int]:
    """List price of each product in minor units, under the pipeline's spelling too."""
    known = {row["product"]: int(row["sales_price"]) * 100 for row in rows("products")}
    return known | {"GTXPro": known["GTX Pro"]}


def figures(at: date | None, *, by: str | None = None) -> dict[str, dict[str, Sum]]:
    """Group -> open, weighted, won, lost; as of the end of a day, or now (None). ``by`` is a column; None: all in ''.

    Open deals count with their list price, weighted 50 % in Engaging and 10 % in Prospecting; lost ones with it too.
    """
    price = prices()
    groups: dict[str, dict[str, Sum]] = defaultdict(lambda: dict.fromkeys(("open", "weighted", "won", "lost"), Sum()))
    for row in rows("sales_pipeline"):
        state = state_of(row, at)
        if state is None:
            continue
        figure = groups[row[by].replace("GTXPro", "GTX Pro") if by else ""]
        minor = int(row["close_value"]) * 100 if state == "won" else price[row["product"]]
        figure[state] = figure[state].plus(minor)
        if state == "open":
            figure["weighted"] = figure["weighted"].plus(minor * (50 if row["engage_date"] else 10) // 100)
    return dict(groups)


def state_of(row: Row, at: date | None) -> str | None:
    """open, won or lost at a day; None while the deal was not there. Deals without dates occur at the import."""
    engaged, closed = day(row["engage_date"]), day(row["close_date"])
    if at is not None and (engaged is None or engaged > at):
        return None
    if closed is not None and (at is None or closed <= at):
        return row["deal_stage"].lower()
    return "open"
