"""What /metrics tells about the API."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

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

    def page(self) -> bytes:
        """The meters in Prometheus's text format."""
        return generate_latest(self.registry)
