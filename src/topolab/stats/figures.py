"""The figures of one observation, under the names results.json gives them."""

from __future__ import annotations

from topolab.model.outcome import GroupUsage, Measured

FIGURES = (
    "requests_per_second",
    "page_seconds",
    "finish_seconds",
    "p50_ms",
    "p90_ms",
    "p99_ms",
    "slow_requests_per_second",
    "server_cpu_us_per_request",
    "proxy_cpu_us_per_request",
    "client_cpu_us_per_request",
    "server_memory_peak_bytes",
)

HEADLINES = {
    "closed": "requests_per_second",
    "open": "p50_ms",
    "mixed": "p99_ms",
    "page": "page_seconds",
    "count": "finish_seconds",
    "users": "requests_per_second",
}
"""The figure a load profile is run for, by its kind."""


def figures(measured: Measured) -> dict[str, float | None]:
    """Every figure of `FIGURES`; None where the profile or the machine does not give it."""
    seen = measured.measurement
    answered = seen.good_responses + (seen.slow_responses or 0)
    return {
        "requests_per_second": seen.requests_per_second,
        "page_seconds": seen.page_seconds,
        "finish_seconds": seen.finish_seconds,
        "p50_ms": seen.p50_ms,
        "p90_ms": seen.p90_ms,
        "p99_ms": seen.p99_ms,
        "slow_requests_per_second": seen.slow_requests_per_second,
        "server_cpu_us_per_request": _us_per_request(measured.server_usage, answered),
        "proxy_cpu_us_per_request": _us_per_request(measured.proxy_usage, answered),
        "client_cpu_us_per_request": seen.client_cpu_s * 1e6 / answered if answered else None,
        "server_memory_peak_bytes": measured.server_usage.memory_peak_bytes if measured.server_usage else None,
    }


def drift(series: tuple[int, ...]) -> float | None:
    """How much the second half of a series of counts lies above its first, relative to their mean; None if short."""
    half = len(series) // 2
    first, second = sum(series[:half]), sum(series[len(series) - half :])
    return 2 * (second - first) / (first + second) if half and first + second else None


def _us_per_request(usage: GroupUsage | None, good_responses: int) -> float | None:
    return usage.cpu_s * 1e6 / good_responses if usage and good_responses else None
