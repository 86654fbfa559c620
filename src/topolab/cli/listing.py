"""`--list` and `--dry-run`: what there is, and what would be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from topolab.catalogue import Catalogue
from topolab.model.cell import Cell, Plan
from topolab.model.protocol import ClientProtocol
from topolab.plan.estimate import expected_total_s
from topolab.report.format import duration

if TYPE_CHECKING:  # what it brings in takes a tenth of a second
    from topolab.backends import Site

_PROTOCOLS = {
    ClientProtocol.HTTP1: "HTTP/1.1 over TLS",
    ClientProtocol.H2: "HTTP/2 over TLS, by ALPN",
    ClientProtocol.H1C: "HTTP/1.1 in cleartext",
    ClientProtocol.H2C: "HTTP/2 in cleartext, by prior knowledge",
    ClientProtocol.H3: "HTTP/3 over QUIC",
}


def print_catalogue(catalogue: Catalogue, console: Console) -> None:
    """Every name that `--matrix` and `--only` understand, with what it stands for."""
    apps = {f"{name} ({', '.join(app.entrypoints)})": app.summary for name, app in catalogue.apps.items()}
    _print(console, "matrix", {name: matrix.summary for name, matrix in catalogue.matrices.items()})
    _print(console, "server", {name: c.variant.summary for name, c in catalogue.candidates.items()})
    _print(console, "app", apps)
    _print(console, "topology", {name: topology.summary for name, topology in catalogue.topologies.items()})
    _print(console, "protocol", {protocol.value: text for protocol, text in _PROTOCOLS.items()})
    _print(console, "profile", {name: profile.summary for name, profile in catalogue.profiles.items()})


def print_plan(plan: Plan, catalogue: Catalogue, rounds: int, site: Site, console: Console) -> None:
    """The cells with the hops they will take, the skips by reason, what is built first, and the time it will take."""
    # Plain lines, aligned by hand: a rich table of a thousand rows takes longer than planning them.
    names, chains = max((len(cell.id) for cell in plan.cells), default=0), [_chain(cell) for cell in plan.cells]
    widest = max(map(len, chains), default=0)
    for cell, chain in zip(plan.cells, chains, strict=True):
        line = f"{cell.id:{names}}  {chain:{widest}}  {'downgraded' if cell.downgraded else ''}"
        console.out(line.rstrip(), highlight=False)
    reasons = Counter(skip.reason for skip in plan.skips)
    if reasons:
        console.print(Text(f"\n{len(plan.skips)} skipped:"))
        for reason, count in reasons.items():
            console.print(Text(f"  {reason}" + (f" ({count} cells)" if count > 1 else "")), soft_wrap=True)
    total_s = expected_total_s(plan.cells, catalogue.profiles, rounds, site.stack_s)
    due = site.due(plan) if plan.cells else ()
    first = f", after building {', '.join(due)}" if due else ""
    console.print(
        Text(f"\n{len(plan.cells)} cells x {rounds} rounds: about {duration(total_s)}{first}"), soft_wrap=True
    )


def _chain(cell: Cell) -> str:
    text = cell.hops[0].source
    for hop in cell.hops:
        text += f" -{hop.leg.protocol} {hop.leg.transport}-> {hop.target}"
    return text


def _print(console: Console, heading: str, names: Mapping[str, str]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, summary in names.items():
        table.add_row(Text(f"  {name}", no_wrap=True), Text(summary))
    console.print(Text(heading, style="bold"))
    console.print(table)
