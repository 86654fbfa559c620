"""A server that moves to the background ends its container, and the failure says what to change."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from support.catalogues import catalogue_root
from support.cells import cell_of
from support.engines import site_here
from topolab.catalogue import load_catalogue
from topolab.errors import StageError
from topolab.model.cell import Plan
from topolab.model.outcome import Stage
from topolab.model.protocol import ClientProtocol
from topolab.process.group import ProcessKeeper


@pytest.mark.parametrize(("topology", "protocol"), [("direct", ClientProtocol.H1C), ("alb", ClientProtocol.H2)])
@pytest.mark.usefixtures("renaming_images")
def test_gunicorn_as_a_daemon_is_refused_with_what_to_remove(
    topology: str, protocol: ClientProtocol, tmp_path: Path
) -> None:
    root = catalogue_root(tmp_path, {}, copied=("servers", "apps"))
    toml = root / "servers" / "gunicorn" / "server.toml"
    toml.write_text(toml.read_text().replace('"-m", "gunicorn",', '"-m", "gunicorn", "--daemon",'))
    catalogue = load_catalogue(root)
    cell = cell_of(catalogue, topology, protocol, "gunicorn-sync")
    # A keeper of its own: a backend that closes ends all that its keeper has started.
    with closing(site_here(catalogue)) as site, ProcessKeeper() as keeper:
        site.prepare(Plan((cell,), ()), keeper, print)
        with (
            site.open("the-daemon-tests", keeper) as backend,
            pytest.raises(StageError) as raised,
            backend.stack(cell),
        ):
            pass
    assert (raised.value.stage, raised.value.message) == (
        Stage.START,
        "the server ended with exit code 0 (it must stay in the foreground: remove options such as --daemon)"
        " before it answered",
    )
