"""The driver of plain sockets."""

from __future__ import annotations

from topolab.drivers.descriptor import Descriptor
from topolab.model.protocol import ClientProtocol

DRIVER = Descriptor(
    "sockets",
    frozenset({"closed", "open", "mixed"}),
    refusals={ClientProtocol.H3: "it does not speak HTTP/3"},
)
