"""Reports a run: first the table or the JSON document, then its files."""

from __future__ import annotations

import sys

from topolab.cli.arguments import Arguments
from topolab.cli.consoles import Notices, to_stdout, write_json
from topolab.cli.exit_codes import ExitCode
from topolab.cli.resume_command import resume_command
from topolab.errors import InputError
from topolab.model.visit import PAGE_FILE, SCREENSHOT_FILE
from topolab.report import Report, read_report, undrawn, write_files
from topolab.report.as_json import to_json
from topolab.report.format import counted
from topolab.report.terminal import print_report
from topolab.store import Store


def report_run(arguments: Arguments, store: Store) -> ExitCode:
    """Print the report of everything in the store, write its files, and return the exit code.

    The files are written even if printing fails, which then raises `OutputError` or `OutputClosedError`. Raises
    `InputError` if a figure cannot be computed.
    """
    report = read_report(store)
    _refuse_broken_figures(arguments, store, report)
    try:
        _print(arguments, report)
    finally:
        written = _write(arguments, store, report)
    if not written:
        return ExitCode.NOT_WRITTEN
    return ExitCode.FAILED if any(cell.status == "failed" for cell in report.summary.cells) else ExitCode.MEASURED


def _refuse_broken_figures(arguments: Arguments, store: Store, report: Report) -> None:
    """Raise `InputError` if a figure cannot be computed, with the command that reports the run once it can."""
    try:
        _ = report.summary
    except InputError as error:
        if store.gone or store.unwritten:
            raise
        again = resume_command(store.folder, arguments.context)
        advice = f"all that was measured is kept; correct the figure, and report with: {again}"
        raise InputError(f"{error}; {advice}") from error


def _print(arguments: Arguments, report: Report) -> None:
    if arguments.json:
        write_json(to_json(report))
    else:
        print_report(report, to_stdout())
    sys.stdout.flush()


def _lost(observations: int) -> str:
    """What it means that the results folder is gone."""
    lost = f"{counted(observations, 'observation')} {'is' if observations == 1 else 'are'} lost"
    return (
        f"the folder is gone, deleted or moved away while it was in use; unless it was moved, {lost}, "
        "and only what is printed above remains; start a new run"
    )


def _write(arguments: Arguments, store: Store, report: Report) -> bool:
    """Write the report's files and list them. Return whether that worked, or the folder is read-only anyway."""
    notices, folder = Notices(arguments.quiet), store.folder
    if store.gone:
        notices.insist(f"topolab: {folder}: {_lost(len(report.observations))}")
        return False
    if not store.writable:
        notices.insist(f"topolab: {folder}: cannot be written, so the report is printed and its files are not updated")
        return True
    try:
        written = write_files(report, folder)
    except OSError as error:
        if not store.unwritten:  # otherwise the error that ended the run says so
            resume = resume_command(folder, arguments.context)
            notices.insist(
                f"topolab: {folder}: the report's files cannot be written: {error.strerror}; all that was measured is "
                f"kept; make room or make it writable, and write them with: {resume}"
            )
        return False
    notices.say(f"written: {folder}/{', '.join(written)}")
    if PAGE_FILE in written:
        notices.say(f"screenshots: {folder}/raw/*/*/*/*/*/*/{SCREENSHOT_FILE}")
    if reason := undrawn(report):
        notices.insist(f"topolab: {reason}; draw what is missing with: {resume_command(folder, arguments.context)}")
    return True
