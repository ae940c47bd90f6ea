"""What the server counts, for Prometheus, under TF Serving's names and labels."""

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from serving.server.errors import StatusError

METRICS_PATH = "/monitoring/prometheus/metrics"
# TF Serving's limits in microseconds: from 10 on, each 1.8 times the one before.
_MICROSECONDS = tuple(10 * 1.8**power for power in range(33))


class Metrics:
    """Counts of one server."""

    def __init__(self) -> None:
        # TF Serving has no such series beside each metric.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        # It only grows, but a Counter's name would end in `_total`, which TF Serving's does not.
        self._requests = Gauge(
            ":tensorflow:serving:request_count",
            "The total number of requests.",
            ["model_name", "status"],
            registry=self._registry,
        )
        self._latency = Histogram(
            ":tensorflow:serving:request_latency",
            "Distribution of wall time (in microseconds) of requests that were answered.",
            ["model_name", "API", "entrypoint"],
            buckets=_MICROSECONDS,
            registry=self._registry,
        )

    def record(self, model: str, api: str, entrypoint: str, seconds: float, error: StatusError | None) -> None:
        """Counts one request.

        Args:
            model: Name of the model; "" if there is none of the name that was asked for.
            api: Name of the method.
            entrypoint: The protocol: GRPC or REST.
            seconds: Time that the answer took.
            error: What the request was refused with, if it was.
        """
        self._requests.labels(model, "OK" if error is None else error.code.name).inc()
        if error is None:
            self._latency.labels(model, api, entrypoint).observe(seconds * 1e6)

    def page(self) -> bytes:
        """Returns all counts in Prometheus' text format."""
        return generate_latest(self._registry)
