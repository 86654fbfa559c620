"""Missing requirements of an app are reported before anything starts, with what to install."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from support.command import run_matrix
from topolab.backends.local.site import LocalSite
from topolab.catalogue import Catalogue
from topolab.model.protocol import Transport

APP = "django-celery"
PROGRAM = "redis-server"


def test_a_missing_program_skips_the_apps_cells_and_names_the_package(tmp_path: Path) -> None:
    only = ("server=gunicorn-sync", f"app={APP}", "topology=alb", "profile=ceiling", "protocol=h2")
    chosen = [word for glob in only for word in ("--only", glob)]
    done = run_matrix("--matrix", "full", "--backend", "local", *chosen, "--dry-run", PATH=str(tmp_path))
    reason = f"{APP} needs {PROGRAM}, which is not on PATH: install the package {PROGRAM}, or use --backend docker"
    assert (done.returncode, done.stderr) == (3, f"topolab: nothing selected: every cell is skipped: {reason}\n")


def test_an_apps_missing_python_package_is_named(catalogue: Catalogue) -> None:
    app = replace(catalogue.apps[APP], packages=("django", "topolab-has-no-such-package"), companions=())
    spoilt = replace(catalogue, apps={**catalogue.apps, APP: app})
    line = f"{sys.executable} -m pip install topolab-has-no-such-package"
    assert (
        LocalSite(spoilt).unavailable()[APP] == f"{APP} needs topolab-has-no-such-package, not installed here: {line}"
    )


def test_a_listeners_missing_package_is_named(catalogue: Catalogue) -> None:
    name = "hypercorn-trio"
    candidate = catalogue.candidates[name]
    quic = replace(candidate.variant.listeners[Transport.QUIC], packages=("topolab-has-no-such-package",))
    variant = replace(candidate.variant, listeners={**candidate.variant.listeners, Transport.QUIC: quic})
    spoilt = replace(catalogue, candidates={**catalogue.candidates, name: replace(candidate, variant=variant)})
    unavailable = LocalSite(spoilt).unavailable()
    assert name not in unavailable
    assert unavailable[f"{name} over quic"].startswith(f"{name} over quic needs topolab-has-no-such-package, not ")
