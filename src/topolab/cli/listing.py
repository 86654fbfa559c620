"""`--list`: everything that has a name."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from topolab.catalogue import Catalogue
from topolab.cli.consoles import to_stdout, write_as_json
from topolab.cli.exit_codes import ExitCode
from topolab.model.protocol import ClientProtocol

_PROTOCOLS = {
    ClientProtocol.HTTP1: "HTTP/1.1 over TLS",
    ClientProtocol.H2: "HTTP/2 over TLS, by ALPN",
    ClientProtocol.H1C: "HTTP/1.1 in cleartext",
    ClientProtocol.H2C: "HTTP/2 in cleartext, by prior knowledge",
    ClientProtocol.H3: "HTTP/3 over QUIC",
}
_SUMMARY_WIDTH = 20
"""Where a summary has fewer columns next to the names, it goes below them."""


def list_catalogue(catalogue: Catalogue, *, as_json: bool) -> int:
    """Print every name that `--matrix` and `--only` accept, with its meaning."""
    names: dict[str, dict[str, str]] = {
        "matrix": {name: matrix.summary for name, matrix in catalogue.matrices.items()},
        "server": {name: candidate.variant.summary for name, candidate in catalogue.candidates.items()},
        "app": {name: app.summary for name, app in catalogue.apps.items()},
        "topology": {name: topology.summary for name, topology in catalogue.topologies.items()},
        "protocol": {protocol.value: text for protocol, text in _PROTOCOLS.items()},
        "profile": {name: profile.summary for name, profile in catalogue.profiles.items()},
    }
    if as_json:
        write_as_json(names)
        return ExitCode.MEASURED
    names["app"] = {f"{name} ({', '.join(app.entrypoints)})": app.summary for name, app in catalogue.apps.items()}
    console = to_stdout()
    for heading, summaries in names.items():
        _print(console, heading, summaries)
    return ExitCode.MEASURED


def _print(console: Console, heading: str, names: Mapping[str, str]) -> None:
    console.print(Text(heading, style="bold"))
    if max(map(len, names), default=0) + _SUMMARY_WIDTH > console.width:
        for name, summary in names.items():
            console.print(Text(f"  {name}"), soft_wrap=True)
            console.print(Text(f"    {summary}"), soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, summary in names.items():
        table.add_row(Text(f"  {name}", no_wrap=True), Text(summary))
    console.print(table)
