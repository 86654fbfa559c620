"""The part of the app contract that the harness relies on: header names and paths.

`apps/common/origin_contract.py` is the contract that the apps implement; a test compares the two.
"""

from __future__ import annotations

VERSION_HEADER = "x-origin-http-version"
"""The HTTP version that the app saw, for example `2`; every answer has it."""
PEER_HEADER = "x-origin-peer"
"""The client's port that the app saw; empty if the server does not pass it on."""

HEALTH_PATH = "/healthz"
HOP_PATH = "/hop"
PROOF_PATH = "/query?id=proof"
WARM_UP_PATH = "/query?id=warm-up"
WORK_PATH = "/message/ready?delay=0"
"""A piece of work that an app with companions hands over."""
