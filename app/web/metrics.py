"""Counters for Prometheus. Labels are few and hold nothing personal."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

registry = CollectorRegistry()
requests = Counter("tavola_requests_total", "Requests answered", ["method", "status"], registry=registry)
duration = Histogram(
    "tavola_request_seconds",
    "Time to answer",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=registry,
)
jobs = Counter("tavola_jobs_total", "Background jobs by outcome", ["name", "outcome"], registry=registry)
orders = Counter("tavola_order_groups_total", "Order groups by what happened", ["event"], registry=registry)
open_streams = Gauge("tavola_live_streams", "Open live streams", registry=registry)


def observe(method: str, status: int, seconds: float) -> None:
    requests.labels(method, f"{status // 100}xx").inc()
    duration.observe(seconds)


def exposition() -> tuple[bytes, str]:
    """The text Prometheus reads, and its media type."""
    return generate_latest(registry), CONTENT_TYPE_LATEST
