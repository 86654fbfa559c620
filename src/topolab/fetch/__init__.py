"""One request over a chosen protocol and transport: how readiness and the hops are proved."""

from topolab.fetch.request import FetchError, Response, fetch

__all__ = ["FetchError", "Response", "fetch"]
