"""User journeys over the app contract, for Locust on one machine or several.

    locust -f loadtest/locustfile.py --host https://127.0.0.1:8443 --http 2 --headless -u 50 -r 10 -t 30s

Journeys are tags: browse, dashboard, upload, chat (`--tags`, `--exclude-tags`). Chat uses a WebSocket: it needs an app
and a server that support one, and HTTP/1.1. Every response is checked for its status, its whole body, and the header
with the HTTP version that the app saw; Locust counts a wrong one as a failure, with the reason. Certificates are
checked with `--ca-file` only. `--result FILE` writes one JSON file with the counts of all workers.

Response times are rounded by Locust and come from a closed loop: a stalled server gets fewer requests, and looks better
than it is. For latency at a fixed rate use topolab's driver `curl`, which needs no Locust:
`python3 scripts/run_matrix.py --matrix latency`.
"""

from __future__ import annotations

import argparse
import math
import sys
from typing import Any, NoReturn

import psutil
from locust import User, events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import WorkerRunner

from conducting import Conductor
from recording import NOT_WRITTEN, recorder, why_not_writable
from visitors import Http1Visitor, Http2Visitor, options_of


@events.init_command_line_parser.add_listener
def add_arguments(parser: LocustArgumentParser) -> None:
    """Add this locustfile's own arguments; a master passes its values on to its workers."""
    group: Any = parser.add_argument_group("Journeys", "options of topolab's locustfile")
    add = group.add_argument
    add(
        "--http",
        choices=("1.1", "2"),
        default="1.1",
        env_var="LOCUST_HTTP",
        help="protocol of all users; 2 is h2 by ALPN for https:// hosts, h2c with prior knowledge for http:// hosts",
    )
    add(
        "--think",
        type=_seconds,
        default=1.0,
        metavar="SECONDS",
        env_var="LOCUST_THINK",
        help="mean pause after each journey, 0 for none; default 1",
    )
    add(
        "--warm-up",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        env_var="LOCUST_WARM_UP",
        help="run all users for this long before --run-time starts and anything is counted",
    )
    add(
        "--ca-file",
        default="",
        env_var="LOCUST_CA_FILE",
        help="check certificates against the certificate authorities in this file",
    )
    add(
        "--h2-alone",
        action="store_true",
        env_var="LOCUST_H2_ALONE",
        help="offer only h2, without http/1.1, for servers that would choose http/1.1",
    )
    add(
        "--conduct",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="for programs: report when warm, wait for a line on standard input, count for this long, exit",
    )
    add(
        "--result",
        default="",
        metavar="FILE",
        env_var="LOCUST_RESULT",
        help="write the counts of all workers to this file as JSON; - is standard output, at the end",
    )


def _seconds(text: str) -> float:
    """A time in seconds, 0 or more. Plain `float` would accept negative numbers and nan."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, 0 or more, not {text!r}")
    return seconds


@events.init.add_listener
def on_init(environment: Environment, **_: Any) -> None:
    """Choose the users by `--http`; for a worker, the master chooses."""
    recorder.listen(environment)
    if isinstance(environment.runner, WorkerRunner):
        return
    Conductor(environment, recorder)
    options = options_of(environment)
    chosen: type[User] = Http2Visitor if options.http == "2" else Http1Visitor
    if chosen not in environment.user_classes:
        _refuse(f"--http {options.http} uses {chosen.__name__}, but other users were named")
    environment.user_classes[:] = [chosen]
    tags = set(options.tags or ())
    if chosen is Http2Visitor and tags == {"chat"}:
        _refuse("--tags chat needs --http 1.1: chat uses a WebSocket, which starts with an HTTP/1.1 upgrade")
    reason = why_not_writable(options.result)
    if reason:
        _refuse(f"--result {options.result} cannot be written: {reason}", NOT_WRITTEN)


def _refuse(message: str, code: int = 1) -> NoReturn:
    """End this process before any load, and the workers that it forked: without a master they would wait for one."""
    for worker in psutil.Process().children():
        worker.terminate()
    print(message, file=sys.stderr)
    raise SystemExit(code)
