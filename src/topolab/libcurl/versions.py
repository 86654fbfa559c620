"""HTTP versions as libcurl spells them."""

from __future__ import annotations

from typing import Any

import pycurl

from topolab.model.protocol import ClientProtocol, Protocol

_REQUESTED = {
    ClientProtocol.HTTP1: pycurl.CURL_HTTP_VERSION_1_1,
    ClientProtocol.H1C: pycurl.CURL_HTTP_VERSION_1_1,
    ClientProtocol.H2: pycurl.CURL_HTTP_VERSION_2TLS,
    ClientProtocol.H2C: pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
    ClientProtocol.H3: pycurl.CURL_HTTP_VERSION_3ONLY,
}
_SPOKEN = {
    pycurl.CURL_HTTP_VERSION_1_0: "http/1.0",
    pycurl.CURL_HTTP_VERSION_1_1: Protocol.HTTP1.value,
    pycurl.CURL_HTTP_VERSION_2_0: Protocol.H2.value,
    pycurl.CURL_HTTP_VERSION_3: Protocol.H3.value,
}


def requested_version(protocol: ClientProtocol, *, h2_alone: bool = False) -> int:
    """The value of HTTP_VERSION that makes libcurl ask for `protocol`.

    For h2 it offers http/1.1 as well, as browsers do, unless `h2_alone`.
    """
    if protocol is ClientProtocol.H2 and h2_alone:
        # Over https, prior knowledge makes libcurl (8.10 and later) offer h2 and nothing else.
        return int(pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
    return int(_REQUESTED[protocol])


def spoken_protocol(easy: Any) -> str:
    """The protocol of a handle's last response, spelled as ALPN spells it."""
    version = easy.getinfo(pycurl.INFO_HTTP_VERSION)
    return _SPOKEN.get(version, f"libcurl's HTTP version {version}")
