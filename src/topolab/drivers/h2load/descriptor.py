"""The driver that runs nghttp2's h2load."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache

from topolab.drivers.descriptor import Descriptor, printed
from topolab.model.profile import ClosedLoad, CountLoad, LoadProfile
from topolab.model.protocol import ClientProtocol

H2LOAD_OLDEST = (1, 60)
"""Before it, replies with an empty reason phrase count as failed (seen: 1.52 does so, 1.64 does not)."""
_VERSION = ("h2load", "--version")


@cache
def missing_h2load() -> str:
    """Why h2load cannot be used here; empty where it can."""
    wanted = ".".join(map(str, H2LOAD_OLDEST))
    path = shutil.which("h2load")
    if path is None:
        return (
            f"h2load is not on PATH: install {wanted} or later (package nghttp2-client or nghttp2), "
            "or use --backend docker"
        )
    try:
        told = printed(_VERSION)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{path} does not run: {error}"
    version = h2load_version(told)
    if version is None:
        return f"{path} is no h2load: `{path} --version` prints {told[:80]!r}"
    if version < H2LOAD_OLDEST:
        return (
            f"{path} is {told.rpartition('/')[2]}: before {wanted} it counts replies with an empty reason phrase, "
            "which some servers send, as failed; put a later one on PATH, or use --backend docker"
        )
    return ""


def h2load_version(told: str) -> tuple[int, ...] | None:
    """The version in what `h2load --version` prints, such as `h2load nghttp2/1.64.0`; None where there is none."""
    found = re.search(r"nghttp2/(\d+)\.(\d+)", told)
    return tuple(map(int, found.groups())) if found else None


def _check(profile: LoadProfile) -> tuple[str, str] | None:
    """Every request is the same."""
    if isinstance(profile, ClosedLoad | CountLoad):
        for key, text in (("path", profile.path), ("body", profile.body)):
            if "{i}" in text:
                return key, "has to be the same for every request: h2load has no {i}"
    return None


DRIVER = Descriptor(
    "h2load",
    frozenset({"closed", "count"}),
    check=_check,
    refusals={ClientProtocol.H3: "distributions build it without HTTP/3"},
    missing=missing_h2load,
    image_version=_VERSION,
)
