"""When users warm up, when counting begins and ends, and how a program takes part: `--conduct SECONDS`.

`--run-time` of a headless run is counted here, from when all users run and are warm. Locust's own count begins before
its users are there, by a clock that gevent read before the imports: where those take a second, a run of 1 s is over
before its first request.

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
        self._run_time_s = _taken_over(environment)
        environment.events.spawning_complete.add_listener(self._on_spawning_complete)
        # After the recorder's listener, which gathers the counts.
        environment.events.test_stopping.add_listener(self._on_test_stopping)

    def _on_spawning_complete(self, **_: Any) -> None:
        if self._course is None:
            self._course = gevent.spawn(self._run)

    def _on_test_stopping(self, **_: Any) -> None:
        course, self._course = self._course, None
        if self._options.conduct:
            print(COUNTED, flush=True)
        if course is not None and course is not gevent.getcurrent():
            course.kill(block=False)

    def _run(self) -> None:
        runner: Any = self._environment.runner
        if (self._options.warm_up or self._options.conduct or self._environment.reset_stats) and not self._warm_up():
            logger.error("Standard input has ended: nobody conducts any more")
            runner.quit()
            return
        counted_s = self._options.conduct or self._run_time_s
        if counted_s:
            logger.info("All users run: counting for %g seconds", counted_s)
            gevent.sleep(counted_s)
            logger.info("Counted for %g seconds, shutting down", counted_s)
            runner.quit()

    def _warm_up(self) -> bool:
        """Run without counting, then begin to count; whether whoever conducts said so."""
        gevent.sleep(self._options.warm_up)
        if self._options.conduct:
            print(WARM, flush=True)
            # A file's own lines would hold up all greenlets.
            if not gevent.get_hub().threadpool.apply(sys.stdin.readline):
                return False
        self._recorder.measure()
        return True
