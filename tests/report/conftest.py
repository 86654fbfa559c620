"""The made-up report, built once because no test changes it."""

from __future__ import annotations

import pytest

from support.made_report import stored_report
from topolab.report import Report


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return stored_report(tmp_path_factory.mktemp("report") / "run")
