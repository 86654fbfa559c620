"""What the command line asks for, carried out: list, dry run, a new run, or the rest of an old one."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from topolab.catalogue import Catalogue, default_root, load_catalogue, load_matrix
from topolab.cli.arguments import Arguments
from topolab.cli.consoles import to_stderr, to_stdout
from topolab.cli.exit_codes import ExitCode
from topolab.cli.listing import print_catalogue, print_plan
from topolab.cli.sites import Choice, choose_site
from topolab.errors import EngineError, InputError, NothingSelectedError
from topolab.model.cell import Plan
from topolab.model.run import RunRecord
from topolab.model.visit import PAGE_FILE, SCREENSHOT_FILE
from topolab.plan import Filters, make_plan
from topolab.store import Store

if TYPE_CHECKING:
    from topolab.process.group import ProcessKeeper

_SEED_LIMIT = 2**31


def carry_out(arguments: Arguments, begun: float) -> int:
    """Do what was asked and return the exit code. `begun` is the monotonic time the command was given."""
    catalogue = load_catalogue(default_root())
    if arguments.list:
        print_catalogue(catalogue, to_stdout())
        return 0
    if arguments.resume is not None:
        return _resume(arguments, catalogue, begun)
    return _new_run(arguments, catalogue, begun)


def _new_run(arguments: Arguments, catalogue: Catalogue, begun: float) -> int:
    matrix = load_matrix(catalogue, arguments.matrix or arguments.default_matrix)
    rounds = arguments.rounds or matrix.rounds
    filters = Filters.parse(arguments.only, catalogue)
    choice = choose_site(arguments.backend, arguments.context, catalogue)
    plan = make_plan(matrix, catalogue, filters, choice.site.unavailable())
    if arguments.dry_run:
        print_plan(plan, catalogue, rounds, choice.site, to_stdout())
    _refuse_empty(plan)
    if arguments.dry_run:
        return 0
    from topolab.runner.environment import describe

    with _prepared(arguments, choice, plan) as (keeper, images_s):
        started = datetime.now(UTC)
        record = RunRecord(
            id=f"{started:%Y%m%d-%H%M%S}-{matrix.name}",
            started=started.isoformat(timespec="seconds"),
            seed=random.randrange(_SEED_LIMIT) if arguments.seed is None else arguments.seed,  # noqa: S311
            rounds=rounds,
            backend=choice.site.name,
            matrix=matrix.name,
            environment=describe(choice.site, plan),
            plan=plan,
            profiles=catalogue.profiles,
            topologies={name: topology.record for name, topology in catalogue.topologies.items()},
            charts=matrix.charts,
            rows=matrix.rows,
        )
        folder = _unused(arguments.out / record.id)
        with Store.create(folder, replace(record, id=folder.name)) as store:
            return _measure(arguments, choice, keeper, store, begun, images_s)


def _resume(arguments: Arguments, catalogue: Catalogue, begun: float) -> int:
    """Measure what a run has left; one that has nothing left is reported again, wherever this is."""
    from topolab.runner import left_to_do
    from topolab.runner.environment import changed_in, describe, differences, foresee

    asked = Path(arguments.resume or "")
    folder = asked if asked.is_dir() else arguments.out / asked
    with Store.open(folder) as store:
        if not left_to_do(store):
            return _report(arguments, store, interrupted=False)
        choice = choose_site(store.record.backend, arguments.context, catalogue)
        unknown = {cell.combination.server for cell in store.record.plan.cells} - set(catalogue.candidates)
        if unknown:
            raise InputError(
                f"--resume {arguments.resume}: no server is called {min(unknown)} any more; start a new run"
            )
        recorded, plan = store.record.environment, store.record.plan
        # What is known without building an image, which takes a minute, is compared first.
        _refuse_elsewhere(arguments, changed_in(recorded, foresee(choice.site, plan)))
        with _prepared(arguments, choice, plan) as (keeper, images_s):
            _refuse_elsewhere(arguments, differences(recorded, describe(choice.site, plan)))
            return _measure(arguments, choice, keeper, store, begun, images_s)


def _refuse_elsewhere(arguments: Arguments, changed: list[str]) -> None:
    """Rounds measured on different machines, or with different packages, are not rounds of one run."""
    if changed:
        raise InputError(
            f"--resume {arguments.resume}: this is not where it began: {'; '.join(changed)}; start a new run"
        )


@contextmanager
def _prepared(arguments: Arguments, choice: Choice, plan: Plan) -> Iterator[tuple[ProcessKeeper, float]]:
    """A keeper, and the site made ready, with the seconds that building images took.

    The first signal from here on interrupts, those after it disturb nothing.
    """
    from topolab.process.group import ProcessKeeper
    from topolab.runner.interruption import first_signal_interrupts

    notices = to_stderr()

    def say(text: str) -> None:
        if not arguments.quiet:
            notices.print(f"topolab: {text}", highlight=False, soft_wrap=True)

    with first_signal_interrupts(), ProcessKeeper() as keeper:
        yield keeper, choice.site.prepare(plan, keeper, say)


def _measure(
    arguments: Arguments, choice: Choice, keeper: ProcessKeeper, store: Store, begun: float, images_s: float
) -> int:
    """Measure what is left, then report everything the store holds, also after an interruption."""
    from topolab.drivers.load_workers import LoadWorkers
    from topolab.process.cpus import available_cpus, can_pin, pinned
    from topolab.process.usage import counters_available
    from topolab.runner import Costs, run
    from topolab.runner.progress import ConsoleProgress

    notices = to_stderr()
    site, record = choice.site, store.record
    if not arguments.quiet:
        notices.print(
            f"run {record.id}: {len(record.plan.cells)} cells, {record.rounds} rounds, {choice.about}",
            highlight=False,
            soft_wrap=True,
        )
    if site.name == "local" and not (can_pin() and counters_available()):
        notices.print("this system lets no process be pinned or counted from outside: CPU and memory stay empty")
    interrupted, lost = False, ""
    try:
        # The lab itself stays off the server's processor, as the client does.
        own = (site.cpus.client or frozenset()) & set(available_cpus())
        workers = LoadWorkers(keeper, keeper.folder / "client.log", own or None)
        with pinned(own or None), site.open(record.id, keeper) as backend:
            progress = ConsoleProgress(notices, arguments.quiet)
            run(store, backend, workers.measure, progress, Costs(site.stack_s, images_s, begun))
    except KeyboardInterrupt:
        interrupted = True
    except EngineError as error:
        lost = str(error)
    code = _report(arguments, store, interrupted)
    if lost:
        notices.print(f"topolab: {lost}; go on with --resume {record.id}", soft_wrap=True)
        return ExitCode.FAILED
    return code


def _report(arguments: Arguments, store: Store, interrupted: bool) -> int:
    from topolab.report import read_report, write_files
    from topolab.report.as_json import to_json
    from topolab.report.terminal import print_report

    notices = to_stderr()
    report = read_report(store)
    written = write_files(report, store.folder)
    if arguments.json:
        sys.stdout.write(to_json(report))
    else:
        print_report(report, to_stdout())
    if not arguments.quiet:
        notices.print(f"written: {store.folder}/{', '.join(written)}", soft_wrap=True)
        if PAGE_FILE in written:
            notices.print(f"screenshots: {store.folder}/raw/*/*/*/*/*/*/{SCREENSHOT_FILE}", soft_wrap=True)
    if interrupted:
        notices.print(f"interrupted; go on with --resume {store.record.id}", soft_wrap=True)
        return ExitCode.INTERRUPTED
    return ExitCode.FAILED if any(cell.status == "failed" for cell in report.summary.cells) else ExitCode.MEASURED


def _refuse_empty(plan: Plan) -> None:
    if plan.cells:
        return
    if not plan.skips:
        raise NothingSelectedError("nothing selected: no cell of the matrix passes --only; see --list for the names")
    reasons = list(dict.fromkeys(skip.reason for skip in plan.skips))
    more = f" (and {len(reasons) - 1} more reasons; see --dry-run)" if len(reasons) > 1 else ""
    raise NothingSelectedError(f"nothing selected: every cell is skipped: {reasons[0]}{more}")


def _unused(folder: Path) -> Path:
    """`folder`, or with a number behind it where two runs start in the same second."""
    candidate, number = folder, 2
    while candidate.exists():
        candidate = folder.with_name(f"{folder.name}-{number}")
        number += 1
    return candidate
