"""Sets libcurl up for one target: protocol, TLS, name, and nothing taken from the environment."""

from __future__ import annotations

import os
from typing import Any

import pycurl

from topolab.model.protocol import ClientProtocol
from topolab.model.target import Target

_HTTP_VERSIONS = {
    ClientProtocol.HTTP1: pycurl.CURL_HTTP_VERSION_1_1,
    ClientProtocol.H1C: pycurl.CURL_HTTP_VERSION_1_1,
    ClientProtocol.H2: pycurl.CURL_HTTP_VERSION_2TLS,
    ClientProtocol.H2C: pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
    ClientProtocol.H3: pycurl.CURL_HTTP_VERSION_3ONLY,
}


def new_handle(target: Target, timeout_s: float) -> Any:
    """A handle for requests to `target`; the caller sets URL and callbacks."""
    easy = pycurl.Curl()
    easy.setopt(pycurl.HTTP_VERSION, _http_version(target))
    easy.setopt(pycurl.TIMEOUT_MS, max(1, round(timeout_s * 1000)))
    easy.setopt(pycurl.USERAGENT, "topolab")
    easy.setopt(pycurl.HTTPHEADER, ["accept: */*"])
    easy.setopt(pycurl.RESOLVE, [f"{target.name}:{target.port}:{target.host}"])
    easy.setopt(pycurl.DNS_CACHE_TIMEOUT, -1)
    easy.setopt(pycurl.PROXY, "")
    easy.setopt(pycurl.NOPROXY, "*")
    easy.setopt(pycurl.NOSIGNAL, 1)
    easy.setopt(pycurl.TCP_NODELAY, 1)
    easy.setopt(pycurl.FOLLOWLOCATION, 0)
    easy.setopt(pycurl.PIPEWAIT, 1)
    # An idle connection is the server's to close: libcurl's own limit of 118 s must not.
    easy.setopt(pycurl.MAXAGE_CONN, 24 * 3600)
    if target.client_protocol.transport.encrypted:
        easy.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_3 | pycurl.SSLVERSION_MAX_TLSv1_3)
        easy.setopt(pycurl.SSL_VERIFYPEER, 1)
        easy.setopt(pycurl.SSL_VERIFYHOST, 2)
        if target.ca_file is not None:
            easy.setopt(pycurl.CAINFO, os.fsencode(target.ca_file))
    return easy


def _http_version(target: Target) -> int:
    if target.client_protocol is ClientProtocol.H2 and target.h2_alone:
        # Over https, prior knowledge makes libcurl (8.10 and later) offer h2 and nothing else.
        return int(pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
    return int(_HTTP_VERSIONS[target.client_protocol])
