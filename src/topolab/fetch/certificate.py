"""The certificate that a target presents, once it has been verified."""

from __future__ import annotations

import pycurl

from topolab.fetch.request import FetchError
from topolab.libcurl.errors import error_message
from topolab.libcurl.handles import new_handle
from topolab.model.target import Target


def leaf_certificate(target: Target, path: str, timeout_s: float) -> bytes:
    """Return the leaf as PEM, its chain and name verified against the target's authority, over TLS or QUIC.

    This sends a request for `path`. Raises `FetchError`.
    """
    handle = new_handle(target, timeout_s)
    handle.setopt(pycurl.URL, target.base_url + path)
    handle.setopt(pycurl.OPT_CERTINFO, 1)
    handle.setopt(pycurl.WRITEFUNCTION, len)
    try:
        handle.perform()
        chain = handle.getinfo(pycurl.INFO_CERTINFO)
    except pycurl.error as error:
        raise FetchError(error_message(error)) from None
    finally:
        handle.close()
    leaf = dict(chain[0]).get("Cert") if chain else None
    if not leaf:
        raise FetchError("libcurl does not report the certificate that it was shown")
    return str(leaf).encode()
