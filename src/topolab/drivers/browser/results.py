"""Turns a visit into a `Measurement`. Pure."""

from __future__ import annotations

from collections import Counter

from topolab.model.measurement import Measurement
from topolab.model.protocol import Protocol
from topolab.model.visit import Visit


def measurement(visit: Visit, cpu_s: float, wall_s: float) -> Measurement:
    """Measure the seconds from the press to the last response; `page_seconds` is None if a response was bad."""
    good = [fetch for fetch in visit.fetches if not fetch.fault]
    bad = Counter(fetch.fault for fetch in visit.fetches if fetch.fault)
    answered = [fetch for fetch in visit.fetches if fetch.status]
    peers = {fetch.origin_peer for fetch in good}
    seconds = visit.total_ms / 1000
    return Measurement(
        seconds=seconds,
        good_responses=len(good),
        bad_responses=dict(bad),
        responses_in_window=len(good),
        page_seconds=None if bad or not good else seconds,
        client_cpu_s=cpu_s,
        client_wall_s=wall_s,
        client_connections=visit.connections,
        client_protocols=dict(Counter(fetch.protocol for fetch in answered)),
        origin_protocols=dict(
            Counter(
                Protocol.from_origin_version(fetch.origin_http_version)
                for fetch in answered
                if fetch.origin_http_version
            )
        ),
        origin_connections=len(peers) if peers and "" not in peers else None,
    )
