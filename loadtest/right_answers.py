"""The answers that Locust's users expect, and what is wrong with any other.

The texts are those of the apps' own contract in `apps/common`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from topolab.model import contract
from topolab.model.contract import PEER_HEADER, VERSION_HEADER

_CONTRACT = str(Path(__file__).resolve().parents[1] / "apps" / "common")
if _CONTRACT not in sys.path:
    sys.path.append(_CONTRACT)

from origin_contract import PAGE, message_body, pattern_bytes  # noqa: E402  found by the line above

__all__ = ["PAGE", "PEER_HEADER", "VERSION_HEADER", "fault", "message_body", "pattern_bytes"]


def fault(status: int, body: bytes | None, origin_version: str | None, expected: bytes) -> str:
    """What is wrong with a response, in words that are the same each time; empty for a good one."""
    return contract.fault(
        status, origin_version, body_matches=(body or b"") == expected, unversioned=f"no {VERSION_HEADER}"
    )
