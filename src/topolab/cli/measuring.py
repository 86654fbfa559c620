"""Measures what is missing from a run, then reports everything in it, however the measuring ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from topolab.cli.arguments import Arguments
from topolab.cli.consoles import Notices
from topolab.cli.exit_codes import ExitCode
from topolab.cli.reporting import report_run
from topolab.cli.resume_command import resume_command
from topolab.cli.sites import Choice
from topolab.drivers.load_workers import LoadWorkers
from topolab.errors import EngineError, OutputClosedError, UnwritableError
from topolab.model.cell import Plan
from topolab.process.cpus import available_cpus, can_pin, pinned
from topolab.process.group import ProcessKeeper
from topolab.process.neighbours import Watch, announced, others
from topolab.process.usage import counters_available
from topolab.report.format import counted
from topolab.runner import Costs, run
from topolab.runner.interruption import first_signal_interrupts
from topolab.runner.progress import ConsoleProgress
from topolab.store import Store


@contextmanager
def prepared(arguments: Arguments, choice: Choice, plan: Plan) -> Iterator[tuple[ProcessKeeper, float]]:
    """Prepare the site; yield a keeper, and the seconds that building images took.

    Inside the block, the first signal interrupts, and later ones are ignored.
    """
    notices = Notices(arguments.quiet)
    with first_signal_interrupts(), ProcessKeeper() as keeper:
        images_s = choice.site.prepare(plan, keeper, lambda text: notices.say(f"topolab: {text}"))
        yield keeper, images_s


def measure(arguments: Arguments, choice: Choice, keeper: ProcessKeeper, store: Store, costs: Costs) -> int:
    """Make the missing observations, and return the exit code. Raises `OutputError` and `OutputClosedError`."""
    notices = Notices(arguments.quiet)
    record = store.record
    stopped: KeyboardInterrupt | EngineError | UnwritableError | OutputClosedError | None = None
    try:
        planned = f"{counted(len(record.plan.cells), 'cell')}, {counted(record.rounds, 'round')}"
        notices.say(f"run {record.id}: {planned}, {choice.about}")
        if choice.site.name == "local" and not (can_pin() and counters_available()):
            notices.insist("this system cannot pin processes or read their counters: CPU and memory stay empty")
        # Announced before it looks, so that of two runs that start at once at least one says so.
        with announced():
            if processes := " and ".join(str(process) for process in others()):
                notices.insist(
                    f"another topolab run ({processes}) is measuring on this machine: each slows the other down"
                )
            _observe(choice, keeper, store, ConsoleProgress(notices.console, arguments.quiet), costs)
    except (KeyboardInterrupt, EngineError, UnwritableError, OutputClosedError) as error:
        stopped = error
    code = report_run(arguments, store)
    if isinstance(stopped, OutputClosedError):
        raise stopped
    if stopped is None:
        return code
    # If the folder is gone, there is nothing to continue, and the report's last line has said so.
    resume = f"continue with: {resume_command(store.folder, arguments.context)}"
    how = "" if store.gone else f"; {resume}"
    if isinstance(stopped, KeyboardInterrupt):
        notices.insist(f"interrupted{how}")
        return ExitCode.INTERRUPTED
    if isinstance(stopped, EngineError):
        notices.insist(f"topolab: {stopped}{how}")
        return ExitCode.FAILED
    if store.gone:
        return ExitCode.NOT_WRITTEN
    lost = f"{len(store.unwritten)} observation is lost" if len(store.unwritten) == 1 else "nothing is lost"
    notices.insist(f"topolab: {stopped}; {lost}; make room there, or make it writable, and {resume}")
    return ExitCode.NOT_WRITTEN


def _observe(choice: Choice, keeper: ProcessKeeper, store: Store, progress: ConsoleProgress, costs: Costs) -> None:
    # topolab itself, like the client, stays off the server's processor.
    own = (choice.site.cpus.client or frozenset()) & set(available_cpus())
    watch = Watch()
    workers = LoadWorkers(keeper, keeper.folder / "client.log", own or None, choice.drivers, watch.look)
    with pinned(own or None), choice.site.open(store.record.id, keeper) as backend:
        run(store, backend, workers.measure, progress, costs, watch)
