"""An article of claims, each next to what the runs say: Markdown, from the article and stored runs alone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from topolab.errors import InputError
from topolab.model.claim import Article, Claim, Section
from topolab.report.format import duration, quantity
from topolab.report.grouping import Group
from topolab.report.markdown import table_lines
from topolab.report.tables import Table, change_table, cpu_table, headline_table, latency_table, proof_table, rate_table
from topolab.stats.claims import Finding, Verdict, judge
from topolab.stats.summary import CellSummary, RunSummary

if TYPE_CHECKING:
    from topolab.report.report import Report

_TABLES: Mapping[str, Callable[[Group, RunSummary], Table | None]] = {
    "headline": headline_table,
    "rate": lambda group, _: rate_table(group),
    "change": change_table,
    "latency": lambda group, _: latency_table(group),
    "cpu": lambda group, _: cpu_table(group),
    "hops": lambda group, _: proof_table(group),
}


def to_article(article: Article, reports: Mapping[str, Report], pictures: str) -> str:
    """The Markdown, ending in a newline; `reports` by matrix, `pictures` the folder of pictures relative to it.

    Raises `InputError` where the article asks for a run, a cell, a figure or a table that is not there.
    """
    lines = [f"# {article.title}", "", article.text.strip(), ""]
    for section in article.sections:
        if section.matrix not in reports:
            raise InputError(f"{section.title}: give the folder of a run of the matrix {section.matrix}")
        lines += _section(section, reports[section.matrix], f"{pictures}/{section.matrix}")
    lines += ["## The runs behind this page", ""]
    lines += [f"- {_run(report)}" for report in reports.values()]
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section, report: Report, pictures: str) -> list[str]:
    lines = [f"## {section.title}", "", section.text.strip(), ""]
    if section.claims:
        lines += ["| then | now | |", "| --- | --- | --- |"]
        lines += [_claim(claim, report.summary) for claim in section.claims]
        lines += [""]
    for name, caption in section.pictures.items():
        lines += [f"![{caption}]({pictures}/{name})", ""]
    for group in report.groups:
        tables = [_table(name, section)(group, report.summary) for name in section.tables]
        shown = [table for table in tables if table is not None and table.rows]
        lines += [f"### {group.title}", ""] if shown else []
        for table in shown:
            lines += table_lines(table)
    return lines


def _table(name: str, section: Section) -> Callable[[Group, RunSummary], Table | None]:
    if name not in _TABLES:
        raise InputError(f"{section.title}: no table is called {name!r}; there are {', '.join(_TABLES)}")
    return _TABLES[name]


def _claim(claim: Claim, summary: RunSummary) -> str:
    verdict, findings = judge(claim, summary)
    return f"| {claim.said} | {'; '.join(map(_told, findings))} | **{verdict.value}** |"


def _told(finding: Finding) -> str:
    """The figures a check was decided by, in a line."""
    name = finding.check.figure
    if finding.verdict is Verdict.NOT_MEASURED:
        missing = finding.cell if finding.figure is None else finding.other
        why = (missing.reason if missing else "") or f"no {name} in a round that both have"
        return f"`{_where(missing)}`: {why}"
    text = f"`{_where(finding.cell)}` {quantity(name, finding.figure)}"
    if finding.comparison is None:
        return text
    text += f" against `{_where(finding.other)}` {quantity(name, finding.other_figure)}"
    ratio = finding.comparison.ratio
    shown = "" if finding.comparison.shown else ", no difference shown"
    return f"{text}: ratio {ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f}){shown}"


def _where(cell: CellSummary | None) -> str:
    """A cell by what tells it from the others of its table."""
    if cell is None:
        return ""
    c = cell.combination
    return " ".join((c.server, c.app, c.topology, c.client_protocol.short, c.profile))


def _run(report: Report) -> str:
    record = report.record
    environment = record.environment
    machine = ", ".join(str(environment[key]) for key in ("cpu_model", "system") if key in environment)
    wall_s = sum(sitting.wall_s for sitting in report.sittings)
    floor = report.summary.noise_floor
    noise = f", noise floor {100 * floor:.1f} %" if floor is not None else ""
    options = f"--matrix {record.matrix} --backend {record.backend} --rounds {record.rounds}"
    return (
        f"`python3 scripts/run_matrix.py {options}`: "
        f"{record.started[:10]}, {duration(wall_s)}, seed {record.seed}{noise}; {machine}"
    )
