"""User journeys over the app contract, for Locust: from one machine, or from as many as it takes.

    locust -f loadtest/locustfile.py --host https://127.0.0.1:8443 --http 2 --headless -u 50 -r 10 -t 30s

Journeys are tags: browse, dashboard, upload, chat (`--tags`, `--exclude-tags`). Chat is a WebSocket, for apps and
servers that have one, and on HTTP/1.1 only. Every response is checked: status, the whole body, and that it says which
HTTP version the app saw; a wrong one is a failure of Locust's, with the reason. Certificates are checked with
`--ca-file` only. `--result FILE` writes one JSON of everything that all workers counted.

Response times are as Locust rounds them, and from a closed loop: a stalled server is asked less often, and looks better
than it is. For latency at a fixed rate use the lab's own driver (profile `steady`).
"""

from __future__ import annotations

from typing import Any

from locust import User, events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import WorkerRunner

from conducting import Conductor
from recording import recorder
from visitors import Http1Visitor, Http2Visitor, options_of


@events.init_command_line_parser.add_listener
def add_arguments(parser: LocustArgumentParser) -> None:
    """This locustfile's own arguments; a master passes its values on to its workers."""
    group: Any = parser.add_argument_group("Journeys", "of topolab's locustfile")
    add = group.add_argument
    add(
        "--http",
        choices=("1.1", "2"),
        default="1.1",
        env_var="LOCUST_HTTP",
        help="protocol of all users; 2 means h2 by ALPN for https:// hosts and prior knowledge (h2c) for http:// ones",
    )
    add(
        "--think",
        type=float,
        default=1.0,
        metavar="SECONDS",
        env_var="LOCUST_THINK",
        help="mean pause of a user after a journey, 0 for none; default 1",
    )
    add(
        "--warm-up",
        type=float,
        default=0.0,
        metavar="SECONDS",
        env_var="LOCUST_WARM_UP",
        help="all users run for so long before --run-time begins and anything is counted",
    )
    add(
        "--ca-file",
        default="",
        env_var="LOCUST_CA_FILE",
        help="check certificates against the authorities in this file",
    )
    add(
        "--h2-alone",
        action="store_true",
        env_var="LOCUST_H2_ALONE",
        help="offer no http/1.1 beside h2, for servers that would prefer it",
    )
    add(
        "--conduct",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="for a program: say when warm, wait for a line on standard input, count for so long, end",
    )
    add(
        "--result",
        default="",
        metavar="FILE",
        env_var="LOCUST_RESULT",
        help="write one JSON of all that all workers counted, to this file; - means standard output, at the end",
    )


@events.init.add_listener
def on_init(environment: Environment, **_: Any) -> None:
    """Choose the users by `--http`; on a worker that is the master's choice."""
    recorder.listen(environment)
    if isinstance(environment.runner, WorkerRunner):
        return
    Conductor(environment, recorder)
    options = options_of(environment)
    chosen: type[User] = Http2Visitor if options.http == "2" else Http1Visitor
    if chosen not in environment.user_classes:
        raise SystemExit(f"--http {options.http} means {chosen.__name__}, but other users were named")
    environment.user_classes[:] = [chosen]
    tags = set(options.tags or ())
    if chosen is Http2Visitor and tags == {"chat"}:
        raise SystemExit("chat is a WebSocket by HTTP/1.1's upgrade: with --http 2 there would be nothing to do")
