"""Commands from request to events, on a log in memory."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_schemas.codec import decode, is_chained
from event_schemas.envelope import EMPTY, Origin, StreamHead
from event_schemas.pipeline import StageCategory
from event_schemas.registry import Event
from event_schemas.streams import StreamName, TenantId, stream_name
from event_schemas.values import Money
from write_side.adapters.recorder import RecorderEventStore
from write_side.application.ports import Appended
from write_side.application.requests import (
    EntityVersionConflict,
    IdempotencyMismatch,
    OccurredOutOfOrder,
    Outcome,
    Refused,
    Request,
)
from write_side.application.transact import Transactor
from write_side.bootstrap import transactor
from write_side.domain.account import ArchiveAccount, OpenAccount
from write_side.domain.account_hierarchy import SetAccountParent
from write_side.domain.deal import ChangeDealAmount, ChangeDealStage, OpenDeal
from write_side.domain.decider import Command
from write_side.domain.errors import Rejected
from write_side.domain.pipeline import DefinePipeline, NewStage

TENANT = TenantId("demo")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PIPELINE, NEW, TALKS, WON, LOST, DEAL = (UUID(int=number) for number in range(1, 7))
STAGES = (
    NewStage(id=NEW, name="New", probability=10, category=StageCategory.OPEN),
    NewStage(id=TALKS, name="Talks", probability=50, category=StageCategory.OPEN),
    NewStage(id=WON, name="Won", probability=100, category=StageCategory.WON),
    NewStage(id=LOST, name="Lost", probability=0, category=StageCategory.LOST),
)


class Client:
    """Sends commands as one user of one tenant."""

    def __init__(self, store: RecorderEventStore, *, master: bytes = b"m" * 32) -> None:
        self.store = store
        self._transactor: Transactor = transactor(store=store, master_secret=master, clock=lambda: NOW)

    async def send(self, command: Command, key: str | None = None, **changes: Any) -> Outcome:
        """One command; ``changes`` are fields of the request."""
        fields: dict[str, Any] = {"tenant": TENANT, "actor": "ann", "source": "test", "sent": {"id": str(command.id)}}
        return await self._transactor.transact(command, Request(**fields | {"idempotency_key": key} | changes))

    async def events(self, command_stream: str = f"deal-demo~{DEAL}") -> list[str]:
        """Types in a stream."""
        return [stored.type for stored in await self.store.load(StreamName(command_stream))]


@pytest.fixture
async def client() -> Client:
    """A client of a tenant with a pipeline and one deal in it."""
    client = Client(RecorderEventStore.in_memory(clock=lambda: NOW))
    await client.send(DefinePipeline(id=PIPELINE, name="Sales", currency="USD", stages=STAGES))
    await client.send(OpenDeal(id=DEAL, name="Deal", pipeline_id=PIPELINE, amount=Money(100, "USD")), "open")
    return client


def amount(minor: int) -> ChangeDealAmount:
    """A change of the deal's amount."""
    return ChangeDealAmount(id=DEAL, amount=Money(minor, "USD"))


async def test_an_outcome_names_version_position_and_token(client: Client) -> None:
    """The answer of a command is where the log stands after it."""
    outcome = await client.send(amount(200))
    assert (outcome.entity_id, outcome.version, outcome.position, outcome.events) == (DEAL, 2, 3, 1)
    assert outcome.token.written == ((f"deal-demo~{DEAL}", 3),)


async def test_events_carry_their_origin_and_are_chained(client: Client) -> None:
    """Actor, source, business time and correlation are in the envelope, and each event continues the one before."""
    occurred, correlation = NOW + timedelta(seconds=5), uuid4()
    await client.send(amount(200), occurred_at=occurred, correlation_id=correlation)
    head, metas = EMPTY, []
    for stored in await client.store.load(StreamName(f"deal-demo~{DEAL}")):
        assert is_chained(head, stored)
        head = StreamHead(stored.stream_version, stored.hash)
        metas.append(decode(stored).meta)
    last = metas[-1]
    assert (last.actor, last.source, last.occurred_at, last.recorded_at) == ("ann", "test", occurred, NOW)
    assert last.correlation_id == correlation


async def test_a_repeat_gets_the_first_result_and_appends_nothing(client: Client) -> None:
    """Under the same key the log answers, also after the state has moved on."""
    first = await client.send(amount(200), "k")
    await client.send(amount(300))
    again = await client.send(amount(200), "k")
    assert again.repeated
    assert (again.version, again.position, again.token) == (first.version, first.position, first.token)
    assert await client.events() == ["deal.opened", "deal.amount_changed", "deal.amount_changed"]


async def test_a_repeat_is_answered_in_another_process(client: Client) -> None:
    """Nothing but the log is needed to know a repeat."""
    first = await client.send(amount(200), "k")
    again = await Client(client.store).send(amount(200), "k")
    assert (again.repeated, again.position) == (True, first.position)


@pytest.mark.parametrize("change", [{"sent": {"other": 1}}, {"actor": "bob"}, {"occurred_at": NOW}])
async def test_other_content_under_the_same_key_is_refused(client: Client, change: dict[str, Any]) -> None:
    """Another field, actor or business time under a used key is IDEMPOTENCY_MISMATCH."""
    await client.send(amount(200), "k")
    with pytest.raises(IdempotencyMismatch):
        await client.send(amount(200), "k", **change)


async def test_another_command_under_the_same_key_is_refused(client: Client) -> None:
    """The command's type belongs to what a key stands for."""
    await client.send(amount(200), "k")
    with pytest.raises(IdempotencyMismatch):
        await client.send(ChangeDealStage(id=DEAL, stage_id=TALKS), "k")


async def test_the_log_is_asked_before_the_expected_version(client: Client) -> None:
    """A retry that names the version it first saw gets its first result, not a conflict."""
    first = await client.send(amount(200), "k", expected_version=1)
    assert (await client.send(amount(200), "k", expected_version=1)).position == first.position
    with pytest.raises(EntityVersionConflict, match="expected version 1"):
        await client.send(amount(300), "other", expected_version=1)


async def test_an_accepted_command_without_effect_is_remembered(client: Client) -> None:
    """With a key it leaves a bookkeeping event, so that its repeat cannot undo what came in between."""
    nothing = await client.send(amount(100), "k")
    assert (nothing.events, nothing.version) == (0, 1)
    await client.send(amount(300))
    again = await client.send(amount(100), "k")
    assert again.repeated
    assert await client.events() == ["deal.opened", "command.accepted", "deal.amount_changed"]


async def test_bookkeeping_counts_in_no_entity_version(client: Client) -> None:
    """After a remembered command without effect, the entity's next version is one more, not two."""
    await client.send(amount(100), "k")
    assert (await client.send(amount(300), expected_version=1)).version == 2


async def test_without_a_key_a_command_without_effect_appends_nothing(client: Client) -> None:
    """And answers the version and position that the entity has."""
    nothing = await client.send(amount(100))
    assert (nothing.events, nothing.version, nothing.position) == (0, 1, 2)


async def test_a_rejection_is_not_remembered(client: Client) -> None:
    """A rejected command may be sent again under its key once the rule allows it."""
    stage = ChangeDealStage(id=DEAL, stage_id=WON)
    with pytest.raises(Rejected):
        await client.send(stage, "k")
    assert (await client.send(amount(200), "k")).events == 1


async def test_business_time_never_goes_back_within_an_entity(client: Client) -> None:
    """Before the entity's last change, or in the future, is OCCURRED_OUT_OF_ORDER; the very same moment is fine."""
    await client.send(amount(200), occurred_at=NOW)
    await client.send(amount(300), occurred_at=NOW)
    with pytest.raises(OccurredOutOfOrder, match="is before"):
        await client.send(amount(400), occurred_at=NOW - timedelta(microseconds=1))
    with pytest.raises(OccurredOutOfOrder, match="future"):
        await client.send(amount(400), occurred_at=NOW + timedelta(hours=1))


async def test_a_clock_that_runs_behind_keeps_the_order(client: Client) -> None:
    """A command without a time of its own never occurs before the entity's last change."""
    ahead = NOW + timedelta(seconds=30)
    await client.send(amount(200), occurred_at=ahead)
    await client.send(amount(300))
    last = (await client.store.load(StreamName(f"deal-demo~{DEAL}")))[-1]
    assert decode(last).meta.occurred_at == ahead


async def test_what_no_event_can_hold_is_refused(client: Client) -> None:
    """A value beyond an event's bounds, past the edge's checks, is refused and leaves nothing in the log."""
    with pytest.raises(Refused, match="cannot be stored"):
        await client.send(OpenDeal(id=uuid4(), name="x" * 1000, pipeline_id=PIPELINE, amount=Money(1, "USD")))
    assert await client.store.head() == 2


async def test_tenants_share_nothing(client: Client) -> None:
    """The same id in another tenant is another stream, and its pipeline does not exist there."""
    with pytest.raises(Rejected):
        await client.send(amount(200), tenant=TenantId("other"))


async def test_the_hierarchy_answers_with_the_accounts_own_version(client: Client) -> None:
    """A parent is set in the hierarchy's stream; the account's version counts its own stream only."""
    child, parent = uuid4(), uuid4()
    for account in (child, parent):
        await client.send(OpenAccount(id=account, name="A"))
    outcome = await client.send(SetAccountParent(id=child, parent_id=parent), "k", expected_version=1)
    assert (outcome.version, outcome.token.written[0][0]) == (1, "account_hierarchy-demo~accounts")
    assert (await client.send(SetAccountParent(id=child, parent_id=parent), "k")).version == 1
    await client.send(ArchiveAccount(id=parent))
    with pytest.raises(Rejected):
        await client.send(SetAccountParent(id=uuid4(), parent_id=parent))


async def test_many_writers_of_one_deal_all_get_through(client: Client) -> None:
    """Concurrent commands of two processes on one stream are decided one after another; none is lost."""
    other = Client(client.store)
    sent = [(client, other)[number % 2].send(amount(1000 + number)) for number in range(40)]
    versions = [outcome.version for outcome in await asyncio.gather(*sent)]
    assert sorted(versions) == list(range(2, 42))


async def test_copies_sent_at_once_have_one_effect(client: Client) -> None:
    """Three copies of one keyed command, at the same time through two processes, append once."""
    other = Client(client.store)
    outcomes = await asyncio.gather(*(each.send(amount(500), "k") for each in (client, other, client)))
    assert {outcome.position for outcome in outcomes} == {3}
    assert sorted(outcome.repeated for outcome in outcomes) == [False, True, True]


async def test_digests_differ_between_installations() -> None:
    """The digest in the log is keyed: nobody without the secret can test guesses of what was sent."""
    digests = set()
    for master in (b"a" * 32, b"b" * 32):
        client = Client(RecorderEventStore.in_memory(), master=master)
        await client.send(DefinePipeline(id=PIPELINE, name="Sales", currency="USD", stages=STAGES), "k")
        (stored,) = await client.store.load(stream_name("pipeline", TENANT, PIPELINE))
        digests.add(decode(stored).meta.request_digest)
    assert len(digests) == 2


class Forgetful(RecorderEventStore):
    """Stores the first append and loses its answer, as a broken connection does."""

    lost = False

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: StreamHead, origin: Origin
    ) -> Appended:
        """Once: stored, but the caller hears of a broken connection."""
        appended = await super().append(stream, events, expected=expected, origin=origin)
        if not self.lost:
            self.lost = True
            raise ConnectionError("the answer was lost")
        return appended


async def test_a_retry_after_a_lost_answer_has_one_effect() -> None:
    """The client that heard nothing sends again under its key, and the log answers with what was stored."""
    client = Client(Forgetful.in_memory())
    pipeline = DefinePipeline(id=PIPELINE, name="Sales", currency="USD", stages=STAGES)
    with pytest.raises(ConnectionError):
        await client.send(pipeline, "k")
    again = await client.send(pipeline, "k")
    assert (again.repeated, again.version) == (True, 1)
    assert await client.events(f"pipeline-demo~{PIPELINE}") == ["pipeline.defined"]
