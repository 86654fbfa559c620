"""When users warm up, when counting begins and ends, and how a program takes part: `--conduct SECONDS`.

`--run-time` of a headless run is counted here, from when all users run. Locust's own count begins before its users
are there, by a clock that gevent read before the imports: where those take a second, of a run of 1 s nothing is left.

Conducted, Locust writes the line WARM when all users have run for the warm-up, waits on its standard input for a line,
counts for so many seconds, writes COUNTED when every worker has told its counts, and ends. Users run on at both
moments: what is read there of a server's counters is off by the requests under way.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import gevent
from locust.env import Environment

from recording import Recorder

WARM, COUNTED = "topolab: warm", "topolab: counted"
logger = logging.getLogger(__name__)


def _taken_over(environment: Environment) -> float | None:
    """The run time of a headless run in seconds, which Locust then no longer counts itself."""
    options: Any = environment.parsed_options
    run_time_s: float | None = options.run_time if options.headless else None
    if options.headless:
        options.run_time = None
    return run_time_s


class Conductor:
    """On the process that starts users: a master, or the only one."""

    def __init__(self, environment: Environment, recorder: Recorder) -> None:
        self._environment = environment
        self._options: Any = environment.parsed_options
        self._recorder = recorder
        self._course: gevent.Greenlet | None = None
        self._end: gevent.Greenlet | None = None
        self._run_time_s = _taken_over(environment)
        environment.events.spawning_complete.add_listener(self._on_spawning_complete)
        # After the recorder's listener, which gathers the counts.
        environment.events.test_stopping.add_listener(self._on_test_stopping)

    def _on_spawning_complete(self, **_: Any) -> None:
        if self._course is None and (self._options.warm_up or self._options.conduct or self._environment.reset_stats):
            self._course = gevent.spawn(self._run)
        if self._end is None and self._run_time_s:
            self._end = gevent.spawn(self._end_after, self._run_time_s)

    def _on_test_stopping(self, **_: Any) -> None:
        greenlets, self._course, self._end = (self._course, self._end), None, None
        if self._options.conduct:
            print(COUNTED, flush=True)
        for greenlet in greenlets:
            if greenlet is not None and greenlet is not gevent.getcurrent():
                greenlet.kill(block=False)

    def _end_after(self, run_time_s: float) -> None:
        logger.info("Run time limit set to %g seconds, from now on: all users run", run_time_s)
        gevent.sleep(run_time_s)
        logger.info("--run-time limit reached, shutting down")
        runner: Any = self._environment.runner
        runner.quit()

    def _run(self) -> None:
        runner: Any = self._environment.runner
        gevent.sleep(self._options.warm_up)
        if self._options.conduct:
            print(WARM, flush=True)
            # A file's own lines would hold up all greenlets.
            if not gevent.get_hub().threadpool.apply(sys.stdin.readline):
                logger.error("Standard input has ended: nobody conducts any more")
                runner.quit()
                return
        self._recorder.measure()
        if self._options.conduct:
            gevent.sleep(self._options.conduct)
            runner.quit()
