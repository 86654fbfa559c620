"""What the app contract answers, and what is wrong with an answer that differs.

The texts come from the contract itself, apps/common, so that they stand in one place.
"""

from __future__ import annotations

import sys
from pathlib import Path

_CONTRACT = str(Path(__file__).resolve().parents[1] / "apps" / "common")
if _CONTRACT not in sys.path:
    sys.path.append(_CONTRACT)

from origin_contract import PAGE, PEER_HEADER, VERSION_HEADER, message_body, pattern_bytes  # noqa: E402  found by the line above

__all__ = ["PAGE", "PEER_HEADER", "VERSION_HEADER", "fault", "message_body", "pattern_bytes"]


def fault(status: int, body: bytes | None, origin_version: str | None, expected: bytes) -> str:
    """What is wrong with a response, in words that are the same each time; empty where nothing is."""
    if status != 200:
        return f"status {status}"
    if not origin_version:
        return f"no {VERSION_HEADER}"
    return "" if (body or b"") == expected else "body differs"
