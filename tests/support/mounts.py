"""Running commands with a read-only or tiny folder, in a mount namespace (needs root or user namespaces)."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

_UNSHARE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]


def with_read_only(folder: Path, command: list[str]) -> list[str]:
    """The command with a read-only `folder`, also for root, who ignores file modes."""
    place = shlex.quote(str(folder))
    return _after(f"mount --bind {place} {place} && mount -o remount,bind,ro {place}", command)


def with_tiny(folder: Path, kibibytes: int, command: list[str]) -> list[str]:
    """The command with `folder` as an empty disk of that size. The files it leaves are copied to `folder`."""
    place = shlex.quote(str(folder))
    kept = shlex.quote(str(folder.with_name(f"{folder.name}-kept")))
    argv = _after(f"mount -t tmpfs -o size={kibibytes}k tmpfs {place}", command)
    argv[-1] += f"; code=$?; cp -r {place} {kept}; exit $code"
    return argv


def _after(mounting: str, command: list[str]) -> list[str]:
    if subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("mount namespaces cannot be made here; run as root, or allow user namespaces")
    return [*_UNSHARE, "sh", "-c", f"{mounting} && {shlex.join(command)}"]
