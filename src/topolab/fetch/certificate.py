"""The certificate a target shows to who trusts its authority."""

from __future__ import annotations

import pycurl

from topolab.fetch.request import FetchError
from topolab.libcurl.errors import error_message
from topolab.libcurl.handles import new_handle
from topolab.model.target import Target


def leaf_certificate(target: Target, path: str, timeout_s: float) -> bytes:
    """The leaf, as PEM, after its chain and name were checked against the target's authority, over TLS or QUIC.

    It takes a request for `path` to be shown it. Raises `FetchError`.
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
        raise FetchError("libcurl does not tell which certificate it was shown")
    return str(leaf).encode()
