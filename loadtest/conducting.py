"""Conduct a test: warm the users up, count for the run time, end; `--conduct SECONDS` lets a program take part.

The run time of a test is counted here, from when all users run and are warm, whether Locust starts the test by itself
(`--headless`, `--autostart`) or somebody starts it in the web UI. Locust's own count begins before its users run, on a
clock that gevent read before the imports: if those take a second, a run of 1 s ends before its first request.

With `--conduct`, Locust prints the line WARM when all users have run for the warm-up, waits for a line on standard
input, counts for SECONDS, prints COUNTED when every worker has sent its counts, and exits. Users still run at both
lines: server counters that are read then are off by the requests in flight.
"""

from __future__ import annotations

import logging
import sys
from functools import partial
from typing import Any

import gevent
from locust.env import Environment

from recording import Recorder

_NO_RUN_TIME = "No run time limit set, use CTRL+C to interrupt"
WARM, COUNTED = "topolab: warm", "topolab: counted"
logger = logging.getLogger(__name__)


def _take_over_run_time(options: Any) -> float | None:
    """Hide the run time, in seconds, of a test that Locust starts by itself, so that Locust does not count it."""
    if not (options.headless or options.autostart):
        return None
    run_time_s: float | None = options.run_time
    options.run_time = None
    counted_s = options.conduct or run_time_s
    if counted_s:
        logging.getLogger("locust.main").addFilter(partial(_say_run_time, counted_s))
    return run_time_s


def _say_run_time(counted_s: float, record: logging.LogRecord) -> bool:
    """Correct what Locust's log says about the run time that is hidden from it."""
    if record.msg == _NO_RUN_TIME:
        record.msg = f"Run time limit set to {counted_s:g} seconds, counted from when all users run and are warm"
    return True


class Conductor:
    """Conducts the tests of the process that starts users: a master, or the only one."""

    def __init__(self, environment: Environment, recorder: Recorder) -> None:
        self._environment = environment
        self._options: Any = environment.parsed_options
        self._recorder = recorder
        self._course: gevent.Greenlet | None = None
        self._warm = False
        self._run_time_s = _take_over_run_time(self._options)
        # False after the test that Locust starts by itself: the ones after it are started in the web UI.
        self._own_run_time = self._run_time_s is not None
        events = environment.events
        events.test_start.add_listener(self._on_test_start)
        events.spawning_complete.add_listener(self._on_spawning_complete)
        # After the recorder's listener, which gathers the counts.
        events.test_stopping.add_listener(self._on_test_stopping)
        events.test_stop.add_listener(self._on_test_stop)

    def _on_test_start(self, **_: Any) -> None:
        self._warm = False
        if not self._take_over_entered_run_time() and self._run_time_s is not None:
            # Locust has decided by now not to count. Its web UI and the names of its reports show this value.
            self._options.run_time = self._run_time_s

    def _on_spawning_complete(self, **_: Any) -> None:
        edited = self._take_over_entered_run_time()
        if self._course is None:
            self._course = gevent.spawn(self._run)
        elif edited and self._warm:  # the new run time begins now
            self._course.kill(block=False)
            self._course = gevent.spawn(self._count)

    def _take_over_entered_run_time(self) -> bool:
        """Stop the timer that Locust sets for a run time entered in the web UI; return whether there was one."""
        # The web UI starts its timer before the greenlet that starts the test gets its turn.
        web_ui: Any = self._environment.web_ui
        if web_ui is None or web_ui._run_time_greenlet is None:
            return False
        web_ui._cancel_run_time_timer()
        self._run_time_s = self._options.run_time
        return True

    def _on_test_stopping(self, **_: Any) -> None:
        course, self._course = self._course, None
        if self._options.conduct:
            print(COUNTED, flush=True)
        if course is not None and course is not gevent.getcurrent():
            course.kill(block=False)

    def _on_test_stop(self, **_: Any) -> None:
        own_run_time, self._own_run_time, self._run_time_s = self._own_run_time, False, None
        if own_run_time and self._in_web_ui and self._options.autoquit >= 0:
            # Not here: whoever stopped the test, perhaps a request to the web UI, waits for this listener.
            gevent.spawn_later(self._options.autoquit, self._quit)

    def _run(self) -> None:
        if (self._options.warm_up or self._options.conduct or self._environment.reset_stats) and not self._warm_up():
            logger.error("Standard input has ended, and with it whoever conducts: shutting down")
            self._quit()
            return
        self._warm = True
        self._count()

    def _count(self) -> None:
        """Let the users run for the run time, then end the test; without a run time, leave that to others."""
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
