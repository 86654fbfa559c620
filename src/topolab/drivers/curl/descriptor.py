"""The driver that uses libcurl through pycurl."""

from __future__ import annotations

from topolab.drivers.descriptor import Descriptor

DRIVER = Descriptor("curl", frozenset({"closed", "open", "mixed", "page"}))
