"""Conduct a test: warm the users up, count for the run time, end; `--conduct SECONDS` lets a program take part.

`--run-time` of a test that Locust starts by itself (`--headless`, `--autostart`) is counted here, from when all users
run and are warm. Locust's own count begins before its users run, on a clock that gevent read before the imports: if
those take a second, a run of 1 s ends before its first request. For a test that is started in the web UI, Locust counts
the run time that was entered there.

With `--conduct`, Locust prints the line WARM when all users have run for the warm-up, waits for a line on standard
input, counts for SECONDS, prints COUNTED when every worker has sent its counts, and exits. Users still run at both
lines: server counters that are read then are off by the requests in flight.
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


def _take_over_run_time(options: Any) -> float | None:
    """Hide the run time, in seconds, of a test that Locust starts by itself, so that Locust does not count it."""
    if not (options.headless or options.autostart):
        return None
    run_time_s: float | None = options.run_time
    options.run_time = None
    return run_time_s


class Conductor:
    """Conducts the tests of the process that starts users: a master, or the only one."""

    def __init__(self, environment: Environment, recorder: Recorder) -> None:
        self._environment = environment
        self._options: Any = environment.parsed_options
        self._recorder = recorder
        self._course: gevent.Greenlet | None = None
        # None again after the test that Locust starts by itself: the ones after it are started in the web UI.
        self._run_time_s = _take_over_run_time(self._options)
        events = environment.events
        events.test_start.add_listener(self._on_test_start)
        events.spawning_complete.add_listener(self._on_spawning_complete)
        # After the recorder's listener, which gathers the counts.
        events.test_stopping.add_listener(self._on_test_stopping)
        events.test_stop.add_listener(self._on_test_stop)

    def _on_test_start(self, **_: Any) -> None:
        # Locust has decided by now not to count. Its web UI and the names of its reports show this value.
        if self._run_time_s is not None:
            self._options.run_time = self._run_time_s

    def _on_spawning_complete(self, **_: Any) -> None:
        if self._course is None:
            self._course = gevent.spawn(self._run)

    def _on_test_stopping(self, **_: Any) -> None:
        course, self._course = self._course, None
        if self._options.conduct:
            print(COUNTED, flush=True)
        if course is not None and course is not gevent.getcurrent():
            course.kill(block=False)

    def _on_test_stop(self, **_: Any) -> None:
        run_time_s, self._run_time_s = self._run_time_s, None
        if run_time_s is not None and self._in_web_ui and self._options.autoquit >= 0:
            # Not here: whoever stopped the test, perhaps a request to the web UI, waits for this listener.
            gevent.spawn_later(self._options.autoquit, self._quit)

    def _run(self) -> None:
        if (self._options.warm_up or self._options.conduct or self._environment.reset_stats) and not self._warm_up():
            logger.error("Standard input has ended, and with it whoever conducts: shutting down")
            self._quit()
            return
        counted_s = self._options.conduct or self._run_time_s
        if counted_s:
            logger.info("All users run: counting for %g seconds", counted_s)
            gevent.sleep(counted_s)
            if self._in_web_ui:
                runner: Any = self._environment.runner
                after = "shutting down after --autoquit" if self._options.autoquit >= 0 else "the web UI stays"
                logger.info("Counted for %g seconds, stopping the test; %s", counted_s, after)
                runner.stop()
            else:
                logger.info("Counted for %g seconds, shutting down", counted_s)
                self._quit()

    def _warm_up(self) -> bool:
        """Run without counting, then start to count; False if standard input ended before the line to do so."""
        gevent.sleep(self._options.warm_up)
        if self._options.conduct:
            print(WARM, flush=True)
            # In a thread, because reading a file blocks all greenlets.
            if not gevent.get_hub().threadpool.apply(sys.stdin.readline):
                return False
        self._recorder.measure()
        return True

    @property
    def _in_web_ui(self) -> bool:
        """Whether the process outlives its tests."""
        return not (self._options.headless or self._options.conduct)

    def _quit(self) -> None:
        """End the test and the process, which lives as long as its web UI if it has one."""
        runner: Any = self._environment.runner
        runner.quit()
        if self._environment.web_ui is not None:
            self._environment.web_ui.stop()
