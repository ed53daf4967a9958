"""The full stack loses nothing and applies nothing twice, whatever is killed while commands come at 200 a second."""

import asyncio
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.faults.conftest import Faults
from tests.support.fault_ledger import judged
from tests.support.fault_office import organised, token
from tests.support.fault_schedule import Schedule, await_views, healed, told
from tests.support.fault_stack import FullStack, full_stack, load
from tests.support.store_differences import Places, counted, counts_of, differences, whole_log_of

pytestmark = pytest.mark.slow

RATE = 200.0
CATCH_UP_S = 60.0
ANSWERS_S = 30.0
UNFENCED = (sys.executable, "-m", "tests.support.unfenced_worker")
SEARCH = '{search(text: "Person") {totalCount}}'
DEALS = "{deals(first: 1) {totalCount}}"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullStack]:
    """Everything runs, and there is something for commands to be about."""
    with full_stack(tmp_path_factory.mktemp("full") / "stack") as stack:
        asyncio.run(organised(stack.postgres.url))
        yield stack


def counts(faults: Faults) -> dict[str, int]:
    """How often each fault happens."""
    servers = dict.fromkeys(("broker", "elasticsearch", "valkey", "postgres"), faults.servers)
    rest = {"worker": faults.workers, "relay": faults.relays, "api": faults.apis, "rebalance": faults.rebalances}
    return servers | rest


def differences_of(stack: FullStack) -> Places:
    """Of all three stores, from a fold of the log."""

    async def found() -> Places:
        events = await whole_log_of(stack.postgres.url)
        return await differences(
            events,
            postgres_url=stack.postgres.url,
            redis_url=stack.valkey.url,
            elasticsearch_url=stack.elasticsearch.url,
        )

    return asyncio.run(found())


def ask(stack: FullStack, query: str) -> dict[str, Any]:
    """What an API answers; also with 503, which says that a part is down."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {token()}"}
    request = urllib.request.Request(f"{stack.api_urls[0]}/graphql", json.dumps({"query": query}).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            got: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        got = json.load(error)
    return got


def assert_only_search_is_unavailable(stack: FullStack) -> None:
    """It says so, and all other views keep up."""
    await_views(stack.postgres.url, groups=("postgres", "cards"))
    deadline = time.monotonic() + ANSWERS_S
    while "errors" in (deals := ask(stack, DEALS)):
        assert time.monotonic() < deadline, deals
        time.sleep(0.1)  # another process, which may just have lost what was killed before
    assert deals["data"]["deals"]["totalCount"] > 0
    (error,) = ask(stack, SEARCH)["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"


def lines(ledger: Path) -> int:
    """Commands that have had their answer."""
    return len(ledger.read_text().splitlines()) if ledger.exists() else 0


def test_commands_go_on_without_kafka(
    stack: FullStack, tmp_path: Path, faults: Faults, figure: Callable[[str], None]
) -> None:
    """The broker is away for a minute: every command is acknowledged meanwhile; then the relay catches up."""
    ledger = tmp_path / "ledger"
    with load(stack, ledger, rate=RATE, seed=faults.seed + 1, token=token()):
        stack.kafka.kill()
        time.sleep(faults.down_s)  # an outage of that length is what is tested
        during = lines(ledger)
        stack.kafka.start()
    waited = await_views(stack.postgres.url, seconds=CATCH_UP_S)
    figure(f"{during:,} commands acknowledged in {faults.down_s:.0f} s without Kafka; caught up in {waited:.1f} s")
    assert during > faults.down_s * RATE / 4
    events = asyncio.run(whole_log_of(stack.postgres.url))
    verdict = judged(ledger, events)
    assert (verdict.refused, verdict.lost, verdict.doubled) == ([], [], [])
    assert asyncio.run(counted(stack.postgres.url)) == counts_of(events)
    assert differences_of(stack) == {}


def test_nothing_is_lost_and_nothing_applied_twice(
    stack: FullStack, tmp_path: Path, faults: Faults, figure: Callable[[str], None]
) -> None:
    """Kills of everything: acknowledged events lost 0, applied twice 0, places where a store differs from the log 0.

    While Elasticsearch is down, nothing but search is.
    """
    schedule = Schedule(
        stack,
        Random(faults.seed),
        patience_s=faults.patience_s,
        without_search=partial(assert_only_search_is_unavailable, stack),
    )
    ledger = tmp_path / "ledger"
    with load(stack, ledger, rate=RATE, seed=faults.seed, token=token()):
        schedule.run(counts(faults))
    waited = await_views(stack.postgres.url, seconds=CATCH_UP_S)
    events = asyncio.run(whole_log_of(stack.postgres.url))
    verdict = judged(ledger, events)
    figure(f"seed {faults.seed}: {verdict.acknowledged:,} commands acknowledged, {len(events):,} events in the log")
    figure(f"serves again after: {told(schedule.seconds)}")
    figure(f"views at the head {waited:.1f} s after the last command; {healed(stack)}")
    assert (verdict.refused, verdict.lost, verdict.doubled) == ([], [], [])
    assert asyncio.run(counted(stack.postgres.url)) == counts_of(events)
    assert ask(stack, SEARCH)["data"]["search"]["totalCount"] > 0
    assert differences_of(stack) == {}


def test_the_tests_can_fail(stack: FullStack, tmp_path: Path, faults: Faults, figure: Callable[[str], None]) -> None:
    """The control: with the watermark check switched off, the same seed loses or doubles something."""
    for worker in stack.workers:
        worker.end()
        worker.command = UNFENCED
    stack.workers[0].start()
    schedule, ledger = Schedule(stack, Random(faults.seed)), tmp_path / "ledger"
    with load(stack, ledger, rate=RATE, seed=faults.seed, token=token()):
        schedule.run({"worker": 2, "rebalance": 2})
    await_views(stack.postgres.url, seconds=CATCH_UP_S, groups=("postgres",))
    events = asyncio.run(whole_log_of(stack.postgres.url))
    found, expected = asyncio.run(counted(stack.postgres.url)), counts_of(events)
    doubled, lost = (found - expected).total(), (expected - found).total()
    figure(f"without the watermark check: {doubled:,} counted twice, {lost:,} lost")
    assert found != expected
