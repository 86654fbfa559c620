"""Writes an article of claims from stored runs: no server runs, and no verdict is written by hand."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from topolab.catalogue.reading import read_toml
from topolab.cli.entry import exit_code_of
from topolab.cli.exit_codes import ExitCode
from topolab.database import DATABASE
from topolab.errors import InputError, UnwritableError
from topolab.model.claim import Article
from topolab.report import Report, read_report
from topolab.store import Store


def main(declared: Path, arguments: list[str] | None = None) -> int:
    """Write the article that the TOML file `declared` describes, and return the exit code."""
    return exit_code_of(lambda: _carry_out(declared, arguments))


def _carry_out(declared: Path, arguments: list[str] | None) -> int:
    parser = argparse.ArgumentParser(description=f"Write the article of {declared.name} from runs of its matrices.")
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="the folder of a run, one for each matrix")
    parser.add_argument("--out", type=Path, default=declared.with_suffix(".md"), help="default: %(default)s")
    given = parser.parse_args(arguments)
    try:
        write_article(declared, given.runs, given.out)
    except OSError as error:
        raise UnwritableError(f"{given.out}: the article cannot be written: {error.strerror}") from error
    return ExitCode.MEASURED


def write_article(declared: Path, folders: list[Path], out: Path) -> None:
    """Write Markdown to `out`, and its pictures and runs to a folder next to it, so that it can be reproduced.

    Raises `InputError` and `StoreError`.
    """
    from topolab.report.claims import to_article

    article: Article = read_toml(declared, Article, declared.name)
    reports: dict[str, Report] = {}
    found: dict[str, Path] = {}
    for folder in folders:
        with Store.open(folder) as store:
            reports[store.record.matrix], found[store.record.matrix] = read_report(store), folder
    text = to_article(article, reports, out.stem)
    for section in article.sections:
        for name in (*section.pictures, DATABASE):
            original = found[section.matrix] / name
            if not original.is_file():
                raise InputError(f"{declared.name}: {section.title}: the run has no picture {name}")
            copy = out.with_suffix("") / section.matrix / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if copy.resolve() != original.resolve():
                shutil.copyfile(original, copy)
    out.write_text(text, encoding="utf-8")
