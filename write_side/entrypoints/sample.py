"""Loads the sample pipeline into a tenant, through the same commands as everything else.

Every command has a key made of the batch and its row, so a load that was cut off goes on where it was and changes
nothing twice.
"""

import asyncio
import csv
import gzip
import io
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, NamedTuple
from uuid import UUID

from event_schemas.deal import LossReason
from event_schemas.pipeline import StageCategory
from event_schemas.ports import EventLog
from event_schemas.streams import TenantId, entity_id, stream_name
from event_schemas.values import Money
from write_side.application.requests import Outcome, Request
from write_side.domain.account import OpenAccount
from write_side.domain.account_hierarchy import SetAccountParent
from write_side.domain.batch import FinishBatch, StartBatch
from write_side.domain.deal import LoseDeal, OpenDeal, WinDeal
from write_side.domain.decider import Command
from write_side.domain.pipeline import DefinePipeline, NewStage
from write_side.domain.product import ListProduct
from write_side.domain.team import CreateTeam
from write_side.domain.user import CreateUser, JoinTeam

BATCH = "crm-sales-opportunities.1"
CURRENCY = "USD"
FOUNDED = datetime(2016, 10, 1, tzinfo=UTC)
"""When the organisation, its products and accounts occur: before the first deal."""
PRODUCT_QUIRKS = {"GTXPro": "GTX Pro"}
STAGES = (
    ("Prospecting", 10, StageCategory.OPEN),
    ("Engaging", 50, StageCategory.OPEN),
    ("Won", 100, StageCategory.WON),
    ("Lost", 0, StageCategory.LOST),
)

Transact = Callable[[Command, Request], Awaitable[Outcome]]
Progress = Callable[[int, int], None]
Row = dict[str, str]


class Loaded(NamedTuple):
    """How a load ended. ``events`` counts what this run appended, ``rows`` the opportunities read."""

    rows: int
    events: int


def read(name: str) -> list[Row]:
    """The rows of one of the sample's files."""
    packed = files("write_side.entrypoints").joinpath("sample_data", f"{name}.csv.gz").read_bytes()
    with gzip.open(io.BytesIO(packed), "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class SampleLoader:
    """One load of the sample into one tenant."""

    def __init__(self, *, transact: Transact, tenant: TenantId, concurrency: int = 128) -> None:
        self._transact = transact
        self._tenant = tenant
        self._concurrency = concurrency
        self._events = 0

    async def load(self, *, progress: Progress) -> Loaded:
        """Load everything; a finished load run again changes nothing. Raises what a command raises."""
        batch = self._id("batch", BATCH)
        await self._send(StartBatch(id=batch, name="CRM Sales Opportunities"), "start")
        await self._organisation()
        await self._products_and_pipeline()
        await self._accounts()
        deals = read("sales_pipeline")
        await self._deals(deals, progress)
        await self._send(FinishBatch(id=batch, rows=len(deals), rejected=0), "finish")
        return Loaded(len(deals), self._events)

    async def is_loaded(self, log: EventLog) -> bool:
        """True when an earlier load has finished, as the log tells."""
        stream = stream_name("batch", self._tenant, self._id("batch", BATCH))
        return any(stored.type == "batch.finished" for stored in await log.load(stream))

    def _id(self, kind: str, key: str) -> UUID:
        return entity_id(self._tenant, kind, f"{BATCH}/{key}")

    def _maybe(self, kind: str, key: str) -> UUID | None:
        return self._id(kind, key) if key else None

    async def _send(self, command: Command, step: str, occurred_at: datetime | None = None) -> Outcome:
        request = Request(
            tenant=self._tenant,
            actor="import",
            source="sample",
            sent={"step": step},
            idempotency_key=f"{BATCH}/{step}",
            occurred_at=occurred_at,
        )
        outcome = await self._transact(command, request)
        self._events += outcome.events
        return outcome

    async def _all(self, work: Iterable[Awaitable[Any]], progress: Progress | None = None, total: int = 0) -> None:
        """Await many, at most ``concurrency`` at once; the first failure stops the rest."""
        waiting = iter(work)
        done = 0

        async def worker() -> None:
            nonlocal done
            for one in waiting:
                await one
                done += 1
                if progress is not None:
                    progress(done, total)

        async with asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(worker())

    async def _organisation(self) -> None:
        agents = read("sales_teams")
        regions = {row["manager"]: row["regional_office"] for row in agents}
        for name, region in regions.items():
            manager = self._id("user", name)
            await self._send(CreateUser(id=manager, name=name, region=region), "create", FOUNDED)
            team = CreateTeam(id=self._id("team", name), name=name, region=region, manager_id=manager)
            await self._send(team, "create", FOUNDED)
        await self._all(self._agent(row) for row in agents)

    async def _agent(self, row: Row) -> None:
        user, manager = self._id("user", row["sales_agent"]), self._id("user", row["manager"])
        create = CreateUser(id=user, name=row["sales_agent"], region=row["regional_office"], manager_id=manager)
        await self._send(create, "create", FOUNDED)
        await self._send(JoinTeam(id=user, team_id=self._id("team", row["manager"])), "join", FOUNDED)

    async def _products_and_pipeline(self) -> None:
        for row in read("products"):
            price = Money(int(row["sales_price"]) * 100, CURRENCY)
            product = self._id("product", row["product"])
            listed = ListProduct(id=product, name=row["product"], series=row["series"], price=price)
            await self._send(listed, "list", FOUNDED)
        stages = tuple(
            NewStage(id=self._id("stage", name), name=name, probability=probability, category=category)
            for name, probability, category in STAGES
        )
        pipeline = DefinePipeline(id=self._id("pipeline", "Sales"), name="Sales", currency=CURRENCY, stages=stages)
        await self._send(pipeline, "define", FOUNDED)

    async def _accounts(self) -> None:
        rows = read("accounts")
        await self._all(self._send(self._account(row), "open", FOUNDED) for row in rows)
        for row in rows:
            if parent := row["subsidiary_of"]:
                child = self._id("account", row["account"])
                await self._send(SetAccountParent(id=child, parent_id=self._id("account", parent)), "parent", FOUNDED)

    def _account(self, row: Row) -> OpenAccount:
        # The file has millions of dollars with two decimals: a hundredth of a million is 1,000,000 minor units.
        millions, _, hundredths = row["revenue"].partition(".")
        revenue = (int(millions) * 100 + int(hundredths.ljust(2, "0") or 0)) * 1_000_000
        return OpenAccount(
            id=self._id("account", row["account"]),
            name=row["account"],
            sector=row["sector"],
            year_established=int(row["year_established"]),
            revenue=Money(revenue, CURRENCY),
            employees=int(row["employees"]),
            location=row["office_location"],
        )

    async def _deals(self, rows: list[Row], progress: Progress) -> None:
        prices = {row["product"]: Money(int(row["sales_price"]) * 100, CURRENCY) for row in read("products")}
        await self._all((self._deal(row, prices) for row in rows), progress, len(rows))

    async def _deal(self, row: Row, prices: dict[str, Money]) -> None:
        deal = self._id("deal", row["opportunity_id"])
        product = PRODUCT_QUIRKS.get(row["product"], row["product"])
        engaged = day(row["engage_date"])
        opened = OpenDeal(
            id=deal,
            name=" for ".join(filter(None, (product, row["account"]))) + f" ({row['opportunity_id']})",
            pipeline_id=self._id("pipeline", "Sales"),
            stage_id=self._id("stage", "Engaging" if engaged else "Prospecting"),
            amount=prices[product],
            account_id=self._maybe("account", row["account"]),
            owner_id=self._id("user", row["sales_agent"]),
            product_id=self._id("product", product),
        )
        await self._send(opened, "open", engaged)
        closed = day(row["close_date"])
        match row["deal_stage"]:
            case "Won":
                won = WinDeal(id=deal, amount=Money(int(row["close_value"]) * 100, CURRENCY))
                await self._send(won, "close", closed)
            case "Lost":
                await self._send(LoseDeal(id=deal, reason=LossReason.UNKNOWN), "close", closed)


def day(text: str) -> datetime | None:
    """``10/20/2016`` -> that day, 00:00 UTC; empty -> None."""
    return datetime.strptime(text, "%m/%d/%Y").replace(tzinfo=UTC) if text else None
