"""A poison event stops its stream, per view where a view is at fault; the rest goes on. On the real stores."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec
import pytest

from event_schemas.deal import DealAmountChanged
from event_schemas.envelope import Recorded, StoredEvent
from event_schemas.product import ProductListed, ProductRepriced
from event_schemas.registry import Event
from event_schemas.topics import LOG
from projections.bootstrap import postgres_runner
from projections.changes import Change
from projections.documents.document import Document
from projections.projecting import Outcome
from projections.views import deal_stage_history
from tests.support.events import Log, by_nul, some_id
from tests.support.histories import deal_opened, usd
from tests.support.views import rows

APPLIED, PARKED = Outcome.APPLIED, Outcome.PARKED


def deal_and_product() -> list[StoredEvent]:
    """A deal at the odd positions 1, 3, 5; a product at 2, 4, 6."""
    log = Log()
    log.append("deal", some_id("deal"), deal_opened())
    log.append("product", some_id("product"), ProductListed(name="GTX", series=None, price=usd(1)))
    for minor in (2, 3):
        log.append("deal", some_id("deal"), DealAmountChanged(amount=usd(minor)))
        log.append("product", some_id("product"), ProductRepriced(price=usd(minor)))
    return log.events


async def parked(url: str) -> list[tuple[str, int, str]]:
    """View, position and error of each dead letter."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch("select view, position, error from dead_letters order by view, position")
        return [tuple(row) for row in found]
    finally:
        await connection.close()


async def shown(url: str, statement: str) -> Any:
    """One value that a view shows."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def in_batches(url: str, events: Sequence[StoredEvent], size: int) -> list[Outcome]:
    """The events through all Postgres views; another owner for each batch, so that nothing is only remembered."""
    outcomes: list[Outcome] = []
    for at in range(0, len(events), size):
        async with postgres_runner(url) as runner:
            await runner.resume()
            outcomes += await runner.project(events[at : at + size])
    return outcomes


@pytest.mark.parametrize("size", [1, 2, 6])
async def test_undecodable_bytes_park_the_stream(crm_database: str, size: int) -> None:
    """The deal stays as it was before the poison, the product goes on, the watermark passes all."""
    events = deal_and_product()
    events[2] = msgspec.structs.replace(events[2], data=b"\x00\xff")
    assert await in_batches(crm_database, events, size) == [APPLIED, APPLIED, PARKED, APPLIED, PARKED, APPLIED]
    (_, third, error), (view, fifth, waits) = await parked(crm_database)
    assert (third, view, fifth, waits) == (3, "", 5, "an earlier event of the stream is parked")
    assert error.startswith("UndecodableEvent")
    assert await shown(crm_database, "select amount_minor from deal_board") == 5_500_00
    assert await shown(crm_database, "select price_minor from product_list") == 3
    assert await shown(crm_database, "select view_position('postgres')") == 6


@pytest.mark.parametrize("size", [1, 2, 6])
async def test_a_view_that_raises_is_parked_alone(
    crm_database: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage history of that deal stops; its row on the board, its states and everything else go on."""

    def defect(recorded: Recorded[Event], before: Document | None, after: Document) -> tuple[Change, ...]:
        if recorded.position == 3:
            raise KeyError("no such stage")
        return whole(recorded, before, after)

    whole = deal_stage_history.apply
    monkeypatch.setattr(deal_stage_history, "apply", defect)
    outcomes = await in_batches(crm_database, deal_and_product(), size)
    assert outcomes == [APPLIED, APPLIED, PARKED, APPLIED, PARKED, APPLIED]
    assert await parked(crm_database) == [
        ("deal_stage_history", 3, "KeyError: 'no such stage'"),
        ("deal_stage_history", 5, "an earlier event of the stream is parked"),
    ]
    assert await shown(crm_database, "select amount_minor from deal_board") == 3
    assert await shown(crm_database, "select count(*) from entity_states where kind = 'deal'") == 3


@pytest.mark.parametrize("size", [1, 2, 6])
async def test_what_the_store_refuses_is_found_and_parked(crm_database: str, size: int) -> None:
    """PostgreSQL takes no NUL in a text: of the batch, only that deal stops."""
    events = deal_and_product()
    events[0] = by_nul(events[0])
    assert await in_batches(crm_database, events, size) == [PARKED, APPLIED, PARKED, APPLIED, PARKED, APPLIED]
    found = await parked(crm_database)
    assert [(view, position) for view, position, _ in found] == [("", 1), ("", 3), ("", 5)]
    assert found[0][2].startswith("Refused: ")
    assert await shown(crm_database, "select price_minor from product_list") == 3
    assert (await rows(crm_database))["deal_board"] == []


async def test_the_owner_counts_what_waits_for_a_person(crm_database: str) -> None:
    """Each parked event once, also by the owner who comes after."""
    events = deal_and_product()
    events[2] = msgspec.structs.replace(events[2], data=b"")
    async with postgres_runner(crm_database) as runner:
        await runner.resume()
        await runner.project(events)
        assert runner.parked == 2
    async with postgres_runner(crm_database) as successor:
        await successor.resume()
        assert (successor.parked, successor.positions) == (2, {LOG: 6})
