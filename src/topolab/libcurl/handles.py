"""Sets libcurl up: the options of its handles, and nothing taken from the environment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pycurl

from topolab.libcurl.versions import requested_version
from topolab.model.target import Target

_ACCEPT = ("accept: */*",)
_DAY_S = 24 * 3600


def new_easy(
    http_version: int, timeout_s: float, *, headers: Sequence[str] = (), ca_file: Path | str | None = None
) -> Any:
    """An easy handle with the options that all clients need; the caller sets URL and callbacks."""
    easy = pycurl.Curl()
    easy.setopt(pycurl.HTTP_VERSION, http_version)
    set_timeout(easy, timeout_s)
    easy.setopt(pycurl.HTTPHEADER, [*_ACCEPT, *headers])
    easy.setopt(pycurl.PROXY, "")
    easy.setopt(pycurl.NOPROXY, "*")
    easy.setopt(pycurl.NOSIGNAL, 1)
    easy.setopt(pycurl.TCP_NODELAY, 1)
    # Until a connection's protocol is known, requests wait for it instead of opening others.
    easy.setopt(pycurl.PIPEWAIT, 1)
    # Only the server may close an idle connection; libcurl's own limit is 118 s.
    easy.setopt(pycurl.MAXAGE_CONN, _DAY_S)
    if ca_file is not None:
        easy.setopt(pycurl.CAINFO, os.fsencode(ca_file))
    return easy


def new_handle(target: Target, timeout_s: float) -> Any:
    """An easy handle for requests to `target`, by its name and over TLS 1.3 only."""
    version = requested_version(target.client_protocol, h2_alone=target.h2_alone)
    encrypted = target.client_protocol.transport.encrypted
    easy = new_easy(version, timeout_s, ca_file=target.ca_file if encrypted else None)
    easy.setopt(pycurl.USERAGENT, "topolab")
    easy.setopt(pycurl.RESOLVE, [f"{target.name}:{target.port}:{target.host}"])
    easy.setopt(pycurl.DNS_CACHE_TIMEOUT, -1)
    easy.setopt(pycurl.FOLLOWLOCATION, 0)
    if encrypted:
        easy.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_3 | pycurl.SSLVERSION_MAX_TLSv1_3)
        easy.setopt(pycurl.SSL_VERIFYPEER, 1)
        easy.setopt(pycurl.SSL_VERIFYHOST, 2)
    return easy


def set_timeout(easy: Any, timeout_s: float) -> None:
    """Limit each request of a handle, from its start to the end of its response."""
    easy.setopt(pycurl.TIMEOUT_MS, max(1, round(timeout_s * 1000)))


def new_multi(streams: int) -> Any:
    """A multi handle of one connection with at most `streams` requests in flight."""
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX if streams > 1 else pycurl.PIPE_NOTHING)
    multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, 1)
    multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, streams)
    return multi
