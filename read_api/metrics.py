"""What /metrics tells about the API."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The meters of one application, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.operations = Counter(
            "crm_graphql_operations",
            "GraphQL operations over HTTP, by kind and by what executed them.",
            ["kind", "path"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "crm_graphql_seconds",
            "From the request's last byte to the answer, by what executed the operation.",
            ["path"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.fallbacks = Counter(
            "crm_graphql_fallbacks",
            "Queries that were not compiled to SQL, by the reason.",
            ["reason"],
            registry=self.registry,
        )
        self.errors = Counter("crm_graphql_errors", "Errors in answers, by code.", ["code"], registry=self.registry)
        self.websockets = Gauge("crm_graphql_websockets", "Open websockets.", registry=self.registry)
        self.wakes = Counter(
            "crm_wakes",
            "Messages heard over Redis, by channel: the log has grown, or views have moved.",
            ["channel"],
            registry=self.registry,
        )
        self.listening = Gauge(
            "crm_wakes_listening", "1 while messages over Redis are heard; else all is polled.", registry=self.registry
        )

    def show_failures(self, count: Callable[[], Mapping[str, int]]) -> None:
        """Tell of the process managers of this process what they could not do, from now on."""
        self.registry.register(_ProcessFailures(count))

    def page(self, others: Sequence[Metric] = ()) -> bytes:
        """The meters, and others, in Prometheus's text format."""
        page = CollectorRegistry()
        page.register(_Page([*self.registry.collect(), *others]))
        return generate_latest(page)


class _Page(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


class _ProcessFailures(Collector):
    def __init__(self, count: Callable[[], Mapping[str, int]]) -> None:
        self._count = count

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(
            "crm_process_failures", "What a process manager could not do since its start.", labels=["process"]
        )
        for process, count in self._count().items():
            family.add_metric([process], count)
        yield family
