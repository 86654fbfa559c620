"""An article of claims in Markdown, each next to what the stored runs say. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from topolab.errors import InputError
from topolab.model.claim import Article, Claim, Section
from topolab.model.combination import DIMENSIONS
from topolab.report.format import duration, quantity
from topolab.report.markdown import table_lines
from topolab.report.report import Report
from topolab.report.tables import TableKind, table_kinds
from topolab.stats.claims import Finding, Verdict, judge
from topolab.stats.figures import FIGURES
from topolab.stats.summary import CellSummary, RunSummary


def to_article(article: Article, reports: Mapping[str, Report], pictures: str) -> str:
    """The Markdown, ending in a newline. `reports` are by matrix, `pictures` is the relative path of their folder.

    Raises `InputError` where the article asks for a run, a cell, a figure or a table that does not exist.
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
    kinds = [_kind(name, section) for name in section.tables]
    for group in report.groups:
        tables = [table for kind in kinds for table in kind.draw(group, report.summary)]
        lines += [f"### {group.title}", ""] if tables else []
        for table in tables:
            lines += table_lines(table)
    return lines


def _kind(name: str, section: Section) -> TableKind:
    kinds = {kind.name: kind for kind in table_kinds()}
    if name not in kinds:
        raise InputError(f"{section.title}: no table is called {name!r}; there are {', '.join(kinds)}")
    return kinds[name]


def _claim(claim: Claim, summary: RunSummary) -> str:
    verdict, findings = judge(claim, summary)
    return f"| {claim.said} | {'; '.join(map(_decided_by, findings))} | **{verdict.value}** |"


def _decided_by(finding: Finding) -> str:
    """The figures behind the verdict of a check, in a line."""
    figure = FIGURES[finding.check.figure]
    if finding.verdict is Verdict.NOT_MEASURED:
        missing = finding.cell if finding.figure is None else finding.other
        why = (missing.reason if missing else "") or f"no round measured {figure.name} for both"
        return f"`{_where(missing)}`: {why}"
    text = f"`{_where(finding.cell)}` {quantity(figure, finding.figure)}"
    if finding.comparison is None:
        return text
    text += f" against `{_where(finding.other)}` {quantity(figure, finding.other_figure)}"
    ratio = finding.comparison.ratio
    shown = "" if finding.comparison.shown else ", no difference shown"
    return f"{text}: ratio {ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f}){shown}"


def _where(cell: CellSummary | None) -> str:
    if cell is None:
        return ""
    labels = (dimension.label(cell.combination) for dimension in DIMENSIONS.values())
    return " ".join(filter(None, labels))


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
