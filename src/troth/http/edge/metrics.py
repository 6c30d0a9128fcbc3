"""What operators measure of the API: requests by operation and status, and how long they took."""

from dataclasses import field

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from troth.model.value import dataclass

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of one app; `registry` may take more from elsewhere in the process."""

    registry: CollectorRegistry
    requests: Histogram
    _known: dict[tuple[str, int], Histogram] = field(default_factory=dict)

    def observe(self, operation: str, status: int, seconds: float) -> None:
        """Count a request, answered after some seconds."""
        known = self._known.get((operation, status))
        if known is None:
            known = self._known[operation, status] = self.requests.labels(operation, str(status))
        known.observe(seconds)

    def render(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self.registry)


def make_metrics() -> Metrics:
    """Metrics with nothing counted yet."""
    registry = CollectorRegistry()
    requests = Histogram(
        "troth_http_request_seconds",
        "Requests to the API: how many, and how long they took.",
        ("operation", "status"),
        buckets=_BUCKETS,
        registry=registry,
    )
    return Metrics(registry, requests)
