"""The tools that make load, and which client protocols each of them speaks."""

from __future__ import annotations

from enum import StrEnum

from topolab.model.protocol import ClientProtocol


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

    def refusal(self, client: ClientProtocol) -> str:
        """Why it does not speak `client`, in a few words; empty where it does."""
        return _REFUSALS.get((self, client), "")


_REFUSALS = {
    (Driver.H2LOAD, ClientProtocol.H3): "distributions build it without HTTP/3",
    (Driver.LOCUST, ClientProtocol.H3): "its users speak no HTTP/3",
    (Driver.BROWSER, ClientProtocol.H2C): "browsers speak HTTP/2 over TLS only",
}
