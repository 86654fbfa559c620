"""One request over a chosen protocol and transport, which proves readiness and hops."""

from topolab.fetch.request import FetchError, Response, fetch

__all__ = ["FetchError", "Response", "fetch"]
