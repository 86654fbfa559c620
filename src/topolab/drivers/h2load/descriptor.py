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
"""Older versions count replies with an empty reason phrase as failed (seen: 1.52 does, 1.64 does not)."""
_VERSION = ("h2load", "--version")


@cache
def missing_h2load() -> str:
    """Why h2load cannot be used here; empty if it can."""
    wanted = ".".join(map(str, H2LOAD_OLDEST))
    path = shutil.which("h2load")
    if path is None:
        return (
            f"h2load is not on PATH: install {wanted} or later (package nghttp2-client or nghttp2), "
            "or use --backend docker"
        )
    try:
        text = printed(_VERSION)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{path} does not run: {error}"
    version = h2load_version(text)
    if version is None:
        return f"{path} is not h2load: `{path} --version` prints {text[:80]!r}"
    if version < H2LOAD_OLDEST:
        return (
            f"{path} is {text.rpartition('/')[2]}: before {wanted} it counts replies with an empty reason phrase, "
            "which some servers send, as failed; put a later one on PATH, or use --backend docker"
        )
    return ""


def h2load_version(text: str) -> tuple[int, ...] | None:
    """The version in the output of `h2load --version`, such as `h2load nghttp2/1.64.0`; None if there is none."""
    found = re.search(r"nghttp2/(\d+)\.(\d+)", text)
    return tuple(map(int, found.groups())) if found else None


def _check(profile: LoadProfile) -> tuple[str, str] | None:
    """Require that every request is the same."""
    if isinstance(profile, ClosedLoad | CountLoad):
        for key, text in (("path", profile.path), ("body", profile.body)):
            if "{i}" in text:
                return key, "must be the same for every request: h2load does not support {i}"
    return None


DRIVER = Descriptor(
    "h2load",
    frozenset({"closed", "count"}),
    check=_check,
    refusals={ClientProtocol.H3: "distributions build it without HTTP/3"},
    missing=missing_h2load,
    image_version=_VERSION,
)
