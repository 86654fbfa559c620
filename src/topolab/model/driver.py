"""The tools that make load."""

from __future__ import annotations

from enum import StrEnum


class Driver(StrEnum):
    """What makes the load. `curl` is libcurl through pycurl, `browser` is Chromium through Playwright."""

    CURL = "curl"
    H2LOAD = "h2load"
    LOCUST = "locust"
    BROWSER = "browser"

    @property
    def sees_headers(self) -> bool:
        """Whether it sees each response's headers, and so what protocol each came to the app by."""
        return self is not Driver.H2LOAD
