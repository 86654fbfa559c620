"""Compares HTTP/2 clients for Locust users: nginx answers from memory on one core, the client has another.

`.venv/bin/python benchmarks/locust_clients.py` prints good requests per second and the client's CPU per request,
medians and least..most over interleaved rounds, for one stream on each of many connections and for many streams on
one. It names candidates that are not installed; `pip install 'httpx[http2]' 'httpx2[http2]' niquests` adds them to a
copy of the environment. For comparison it includes HTTP/1.1 with FastHttpUser's client.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from curl_driver import BODY, _free_port, _nginx
from locust_candidates import CANDIDATES, Ask, Candidate
from topolab.launch.numbers import positive, positive_seconds, whole_number

PATH = "/query?id=X"
LANES = ((50, 1), (1, 50))
WARM_UP_S = 0.3
_NOT_INSTALLED = 3  # a measuring process's exit code if its candidate's package is missing


class Sample(NamedTuple):
    """The result of one measuring process."""

    requests: int
    seconds: float
    cpu_s: float


def main() -> None:
    """Measure every candidate in every round, in a new order each round, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=positive, default=5, help="default: 5")
    parser.add_argument("--seconds", type=positive_seconds, default=2.0, help="length of each load (default: 2)")
    parser.add_argument("--server-core", type=whole_number(0), default=0, help="nginx's processor (default: 0)")
    parser.add_argument("--client-core", type=whole_number(0), default=1, help="the client's processor (default: 1)")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)  # arguments of the measuring process
    arguments = parser.parse_args()
    if arguments.measure:
        index, connections, streams, url = arguments.measure
        sys.exit(_measure(CANDIDATES[int(index)], int(connections), int(streams), url, arguments.seconds))
    cases = [(c, lanes) for c in CANDIDATES for lanes in LANES if lanes[1] == 1 or c.streams]
    samples: dict[tuple[Candidate, tuple[int, int]], list[Sample]] = {case: [] for case in cases}
    missing: set[Candidate] = set()
    with tempfile.TemporaryDirectory() as name:
        tls, cleartext = _free_port(), _free_port()
        with _nginx(Path(name), tls, cleartext, arguments.server_core):
            for _ in range(arguments.rounds):
                for case in random.sample(cases, len(cases)):
                    if case[0] in missing:
                        continue
                    sample = _measured_apart(case, f"https://127.0.0.1:{tls}", arguments)
                    if sample is None:
                        missing.add(case[0])
                    else:
                        samples[case].append(sample)
    _print_table({case: taken for case, taken in samples.items() if taken})
    for candidate in sorted(missing):
        print(f"{candidate.name}: not installed")


def _measured_apart(case: tuple[Candidate, tuple[int, int]], url: str, arguments: argparse.Namespace) -> Sample | None:
    """Measure in a separate process; None if the candidate is not installed."""
    candidate, (connections, streams) = case
    done = subprocess.run(
        [
            # Otherwise a warning about the unverified certificate would be measured with every request.
            *(sys.executable, "-W", "ignore", __file__, "--seconds", str(arguments.seconds), "--measure"),
            *(str(CANDIDATES.index(candidate)), str(connections), str(streams), url),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {arguments.client_core}),
    )
    if done.returncode == _NOT_INSTALLED:
        return None
    if done.returncode:
        raise SystemExit(f"{candidate.name} {connections}x{streams} went wrong")
    return Sample(*json.loads(done.stdout))


def _measure(candidate: Candidate, connections: int, streams: int, url: str, seconds: float) -> int:
    # Locust does this at its start, before the clients are imported.
    from gevent import monkey

    monkey.patch_all()
    import gevent

    try:
        asks = [candidate.open(url, PATH) for _ in range(connections)]
    except ImportError:
        return _NOT_INSTALLED
    # Connect first: some candidates take seconds to make their TLS contexts.
    for ask in asks:
        ask()
    warm_at = time.perf_counter() + WARM_UP_S
    done_at = warm_at + seconds
    counted = [0]
    began: list[tuple[float, float]] = []

    def user(ask: Ask) -> None:
        while (now := time.perf_counter()) < done_at:
            if now >= warm_at and not began:
                began.append((now, time.process_time()))
            answer = ask()
            if answer != (200, BODY, "1.1"):
                raise SystemExit(f"{candidate.name} got {answer}")
            counted[0] += bool(began)

    users = [gevent.spawn(user, ask) for ask in asks for _ in range(streams)]
    gevent.joinall(users, raise_error=True)
    wall, cpu = began[0]
    print(json.dumps([counted[0], time.perf_counter() - wall, time.process_time() - cpu]))
    return 0


def _print_table(samples: dict[tuple[Candidate, tuple[int, int]], list[Sample]]) -> None:
    print(f"{'client':<32} {'':<9} {'lanes':<5} {'req/s':>7}  {'least..most':<14} {'us/req':>7}  least..most")
    for (candidate, (connections, streams)), taken in samples.items():
        rates = [sample.requests / sample.seconds for sample in taken]
        cpu_us = [sample.cpu_s / sample.requests * 1e6 for sample in taken]
        print(
            f"{candidate.name:<32} {candidate.protocol:<9} {connections}x{streams:<3} {median(rates):>7.0f}  "
            f"{f'{min(rates):.0f}..{max(rates):.0f}':<14} {median(cpu_us):>7.0f}  {min(cpu_us):.0f}..{max(cpu_us):.0f}"
        )


if __name__ == "__main__":
    main()
