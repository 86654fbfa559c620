"""What Locust's users need on this machine."""

from __future__ import annotations

import pytest

from topolab import distributions
from topolab.drivers.registry import drivers, missing_tools


def test_without_locust_its_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "locust" not in missing_tools(drivers())
    monkeypatch.setattr("topolab.drivers.locust.descriptor.missing", lambda names: names)
    line = distributions.install_line(["locust", "websocket-client"])
    assert missing_tools(drivers())["locust"] == (
        f"the load of Locust's users needs locust, websocket-client, not installed here: {line}"
    )
