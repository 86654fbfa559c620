"""Record one result for a whole Locust test, with any number of workers: `--result FILE` of the locustfile.

Every process keeps its own counts and sends them all to the master when the test ends. The result therefore does not
depend on whether Locust's periodic reports arrive before or after a reset of the statistics, and it names each worker
that did not report.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
from locust.env import Environment
from locust.exception import CatchResponseError
from locust.runners import STATE_MISSING, MasterRunner, WorkerRunner

from http2_client import RequestFailed
from right_answers import VERSION_HEADER
from tally import Tally, one_result

logger = logging.getLogger(__name__)

MEASURE, FINISH, TALLY = "topolab-measure", "topolab-finish", "topolab-tally"
TALLIES_WITHIN_S = 15.0
TO_STANDARD_OUTPUT = "-"
# The exit codes of topolab's own command (`topolab.cli.exit_codes`), which the load image does not have.
NOT_WRITTEN, OUTPUT_CLOSED = 4, 141


def why_not_writable(result: str) -> str:
    """Why `--result` could not be written after the test; empty if it could."""
    if result in ("", TO_STANDARD_OUTPUT):
        return ""
    file = Path(result)
    try:
        if file.exists() and not file.is_file():
            return "it is not a file"
        # Only creating a file shows whether one can be created: access rights are not all that can forbid it.
        unfinished = _unfinished(file)
        unfinished.touch()
        unfinished.unlink(missing_ok=True)
    except OSError as error:
        return str(error.strerror)
    return ""


def _unfinished(file: Path) -> Path:
    return file.with_name(f"{file.name}.unfinished")


class Recorder:
    """Counts the requests of this process's users, and gathers the workers' counts on the master."""

    def __init__(self) -> None:
        self.tally = Tally(time.time())
        self.result: dict[str, Any] | None = None
        self._began, self._cpu_began_s = time.monotonic(), time.process_time()
        self._report: dict[str, Any] | None = None
        self._environment: Environment
        self._runner: Any
        self._options: Any
        self._expected: set[str] = set()
        self._worker_reports: dict[str, dict[str, Any]] = {}

    def listen(self, environment: Environment) -> None:
        """Record the tests of `environment`, the one of this process."""
        self._environment, self._options = environment, environment.parsed_options
        runner: Any = environment.runner
        self._runner, events = runner, environment.events
        events.test_start.add_listener(self._on_test_start)
        events.test_stopping.add_listener(self._on_test_stopping)
        events.quit.add_listener(self._on_quit)
        if not isinstance(runner, WorkerRunner):
            events.quitting.add_listener(self._on_quitting)
        if isinstance(runner, MasterRunner):
            runner.register_message(TALLY, self._on_tally)
            return
        events.request.add_listener(self._on_request)
        events.user_error.add_listener(self._on_user_error)
        if isinstance(runner, WorkerRunner):
            # Listeners of `quitting` are called last to first: the tally is sent before the runner's "quit" message,
            # after which the master forgets this worker.
            events.quitting.add_listener(self._on_test_stopping)
            runner.register_message(MEASURE, lambda environment, msg: self._start_counting())  # noqa: ARG005
            runner.register_message(FINISH, lambda environment, msg: self._send_tally())  # noqa: ARG005

    def saw(self, client_protocol: str, origin_version: str | None, origin_peer: str | None) -> None:
        """Count a response by the protocols of the first and the last hop, and note the last hop's connection."""
        tally = self.tally
        tally.client_protocols[client_protocol] += 1
        if origin_version:
            tally.origin_versions[origin_version] += 1
        tally.origin_peers.add(origin_peer or "")

    def measure(self) -> None:
        """Start counting from zero in every process, and reset Locust's own statistics."""
        runner = self._runner
        if isinstance(runner, MasterRunner):
            for worker in list(runner.clients):
                runner.send_message(MEASURE, client_id=worker)
            runner.stats.reset_all()
        self._start_counting()

    def _start_counting(self) -> None:
        self._began, self._cpu_began_s = time.monotonic(), time.process_time()
        # Connections opened before are still in use, so they count.
        self.tally = Tally(time.time(), connections_opened=self.tally.connections_opened)
        self._report = None
        if not isinstance(self._runner, MasterRunner):
            self._runner.stats.reset_all()

    def _stop_counting(self) -> dict[str, Any]:
        """This process's report; the first call ends the counting, and later calls return the same report."""
        if self._report is None:
            runner = self._runner
            self._report = {
                **self.tally.as_json(),
                "worker": "local" if not isinstance(runner, WorkerRunner) else runner.client_id,
                "users": runner.user_count,
                "seconds": time.monotonic() - self._began,
                "ended_at": time.time(),
                "cpu_s": time.process_time() - self._cpu_began_s,
            }
        return self._report

    def _on_test_start(self, **_: Any) -> None:
        self.result = None
        self.tally.connections_opened = 0
        self._start_counting()
        if isinstance(self._runner, MasterRunner):
            self._worker_reports.clear()
            self._expected = set(self._runner.clients)

    def _on_request(
        self, request_type: str, name: str, response_time: float, exception: BaseException | None = None, **_: Any
    ) -> None:
        self.tally.count(request_type, name, response_time, _reason(exception), time.monotonic() - self._began)

    def _on_user_error(self, exception: BaseException, **_: Any) -> None:
        self.tally.user_errors[repr(exception)] += 1

    def _on_test_stopping(self, **_: Any) -> None:
        runner = self._runner
        if isinstance(runner, WorkerRunner):
            self._send_tally()
        elif isinstance(runner, MasterRunner):
            self._gather(runner)
        else:
            self._write(one_result([self._stop_counting()], []))

    def _send_tally(self) -> None:
        # May be sent twice: the master keeps one report per worker.
        self._runner.send_message(TALLY, self._stop_counting())

    def _gather(self, runner: MasterRunner) -> None:
        self._expected |= {worker.id for worker in runner.clients.all if worker.state != STATE_MISSING}
        for worker in list(runner.clients):
            runner.send_message(FINISH, client_id=worker)
        give_up = time.monotonic() + TALLIES_WITHIN_S
        while self._can_still_report(runner) and time.monotonic() < give_up:
            gevent.sleep(0.02)
        missing = sorted(self._expected - set(self._worker_reports))
        if missing:
            logger.error("No counts arrived from %s: the result is incomplete", ", ".join(missing))
        self._write(one_result(self._worker_reports.values(), missing))

    def _can_still_report(self, runner: MasterRunner) -> bool:
        here = {worker.id for worker in runner.clients.all if worker.state != STATE_MISSING}
        return bool((self._expected - set(self._worker_reports)) & here)

    def _on_tally(self, environment: Environment, msg: Any, **_: Any) -> None:  # noqa: ARG002
        self._worker_reports[msg.node_id] = msg.data

    def _write(self, result: dict[str, Any]) -> None:
        options = self._options
        self.result = {**result, "host": self._environment.host, "http": options.http, "warm_up_s": options.warm_up}
        if options.result and options.result != TO_STANDARD_OUTPUT:
            self._write_file(Path(options.result))

    def _write_file(self, file: Path) -> None:
        # Renamed when complete, so that no reader gets half a file.
        unfinished = _unfinished(file)
        try:
            unfinished.write_text(json.dumps(self.result, indent=2) + "\n", encoding="utf-8")
            unfinished.replace(file)
        except OSError as error:
            logger.error("--result %s cannot be written: %s", file, error.strerror)
            self._environment.process_exit_code = NOT_WRITTEN
            with suppress(OSError):  # already reported
                unfinished.unlink(missing_ok=True)

    def _on_quitting(self, **_: Any) -> None:
        """Make a run in which no request ended a failure."""
        if self._requests_ended():
            return
        logger.error(
            "No request ended while requests were counted, so there is no measurement. Check the host and the server, "
            "and let the test run longer if its requests are slow"
        )
        self._environment.process_exit_code = 1

    def _requests_ended(self) -> int:
        """The requests in the result; before there is one, the requests that this process knows of."""
        if self.result is not None:
            return sum(entry["requests"] for entry in self.result["entries"])
        if isinstance(self._runner, MasterRunner):
            return int(self._runner.stats.num_requests)
        return sum(entry.requests for entry in self.tally.entries.values())

    def _on_quit(self, **_: Any) -> None:
        if self.result is None or isinstance(self._runner, WorkerRunner):
            return
        lines = []
        for title, key in (("client protocol", "client_protocols"), (VERSION_HEADER, "origin_versions")):
            counts = ", ".join(f"{name}: {count}" for name, count in sorted(self.result[key].items()))
            lines.append(f"Responses by {title}: {counts or 'none'}")
        lines.append(f"Connections opened: {self.result['connections_opened']}")
        if self._options.result == TO_STANDARD_OUTPUT:
            lines.append(json.dumps(self.result))
        _print_last("\n".join(lines))


recorder = Recorder()
"""The one of this process."""


def _reason(exception: BaseException | None) -> str:
    if exception is None:
        return ""
    return str(exception) if isinstance(exception, CatchResponseError | RequestFailed) else repr(exception)


def _print_last(text: str) -> None:
    """Print `text` on standard output. End the process with a code that says so if it cannot be written."""
    try:
        print(text, flush=True)
    except OSError as error:
        # Otherwise, what is still buffered would fail again at exit, with another exit code.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if isinstance(error, BrokenPipeError):
            raise SystemExit(OUTPUT_CLOSED) from None
        print(f"standard output cannot be written: {error.strerror}", file=sys.stderr)
        raise SystemExit(NOT_WRITTEN) from None
