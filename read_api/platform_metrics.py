"""What /metrics tells about the platform around the API: asked when it is scraped, with little patience."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import asyncpg
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from event_schemas.ports import EventLogUnavailable
from event_schemas.streams import START, Position
from read_api.platform_progress import Asked, GroupProgress, ProcessProgress, RelayProgress, read_processes, read_views

SECONDS: Final = 1.0
"""How long each part may take to answer: what does not is left out, and told as down."""

T = TypeVar("T")


class PlatformMeters:
    """Asks the parts of a platform. Whatever is down, the rest is told."""

    def __init__(
        self,
        *,
        checks: Mapping[str, Callable[[], Awaitable[object]]],
        head: Callable[[], Awaitable[Position]],
        tables: Asked,
        log_tables: Asked,
    ) -> None:
        """``checks`` raise for a part that is down; the tables are read as the workers' role sees them."""
        self._checks = checks
        self._head = head
        self._tables = tables
        self._log_tables = log_tables

    async def families(self) -> Sequence[Metric]:
        """The meters as they are now."""
        head, up = await asyncio.gather(_answer(self._head()), self._up())
        end = START if head is None else head
        views, processes = await asyncio.gather(
            _answer(read_views(self._tables, end)), _answer(read_processes(self._log_tables, end))
        )
        found = [up]
        if head is not None:
            found.append(GaugeMetricFamily("crm_log_head_position", "The log's last position.", value=head))
        if views is not None:
            found += _of_groups(views.groups, lags=head is not None)
            found += _of_relay(views.relay, lags=head is not None)
        if processes is not None:
            found += _of_processes(processes, lags=head is not None)
        return found

    async def _up(self) -> Metric:
        answers = await asyncio.gather(*(_is_up(check()) for check in self._checks.values()))
        family = GaugeMetricFamily("crm_up", "1 where a part answers.", labels=["part"])
        for part, is_up in zip(self._checks, answers, strict=True):
            family.add_metric([part], is_up)
        return family


def _of_groups(groups: Sequence[GroupProgress], *, lags: bool) -> Iterator[Metric]:
    told: list[tuple[str, str, Callable[[GroupProgress], int]]] = [
        ("crm_view_position", "Up to where all views of a group show the log.", lambda group: group.position),
        ("crm_view_lanes", "Lanes of a group: partitions, or 1 for the whole log.", lambda group: len(group.lanes)),
        ("crm_parked_events", "Events that wait for a person.", lambda group: group.parked),
    ]
    if lags:
        told += [
            ("crm_view_lag", "Positions between a group's views and the log's end.", lambda group: group.lag),
            ("crm_view_lanes_behind", "Lanes with something to read.", lambda group: group.behind),
        ]
    for name, text, value in told:
        family = GaugeMetricFamily(name, text, labels=["group"])
        for group in groups:
            family.add_metric([group.group], value(group))
        yield family


def _of_relay(relay: RelayProgress | None, *, lags: bool) -> Iterator[Metric]:
    if relay is not None:
        yield GaugeMetricFamily("crm_relayed_position", "Up to where the log is published.", value=relay.position)
        if lags:
            yield GaugeMetricFamily("crm_relay_lag", "Positions that are not published yet.", value=relay.lag)


def _of_processes(processes: Sequence[ProcessProgress], *, lags: bool) -> Iterator[Metric]:
    position = GaugeMetricFamily("crm_process_position", "Checkpoint of a process manager.", labels=["process"])
    lag = GaugeMetricFamily("crm_process_lag", "Positions between it and the log's end.", labels=["process"])
    for process in processes:
        position.add_metric([process.process], process.position)
        lag.add_metric([process.process], process.lag)
    yield position
    if lags:
        yield lag


async def _answer(question: Awaitable[T]) -> T | None:
    """None where there is none in time."""
    try:
        async with asyncio.timeout(SECONDS):
            return await question
    except (EventLogUnavailable, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        return None


async def _is_up(check: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(SECONDS):
            await check
    except Exception:  # noqa: BLE001 - whatever it is, the part does not answer
        return False
    return True
