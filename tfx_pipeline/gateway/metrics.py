"""What the gateway counts, as Prometheus reads it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """Counters of one gateway."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Histogram(
            "shelfwise_gateway_request_seconds",
            "Time that requests took, by route and status.",
            ("route", "status"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.events = Counter("shelfwise_gateway_events", "Events that were taken.", ("kind",), registry=self._registry)
        self.fallbacks = Counter("shelfwise_gateway_fallbacks", "Answers with what sells.", registry=self._registry)
        self.lost = Counter(
            "shelfwise_gateway_impressions_not_kept",
            "Answers whose products the store had no room or time to take down.",
            registry=self._registry,
        )
        self.logged = Counter(
            "shelfwise_gateway_logged_rows", "Rows written to the log.", ("table",), registry=self._registry
        )
        self.log_failures = Counter(
            "shelfwise_gateway_log_failures", "Times that the log could not be written.", registry=self._registry
        )
        self.last_logged = Gauge(
            "shelfwise_gateway_last_logged_timestamp_seconds", "When the log was last written.", registry=self._registry
        )

    def text(self) -> bytes:
        """Returns all in Prometheus's text form."""
        return generate_latest(self._registry)
