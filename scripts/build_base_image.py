#!/usr/bin/env python3
"""Makes the base image where no image registry can be reached: Debian by debootstrap, from the packages apt can reach.

No mirror is named: debootstrap knows its own, and writes the one it used into the image's /etc/apt/sources.list.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

SUITES = ("trixie", "bookworm")
FAILED = 2
INTERRUPTED = 130
NEEDED_BYTES = 500_000_000  # 210 MB for a suite with its package files, 80 MB for the archive made of it, and some room
TAIL_LINES = 3
# apt fetches its lists and packages anew; nobody reads a manual in a container. The folders stay: some packages'
# scripts fail where the folder of a manual's section is missing.
LEFT_OUT = (
    "./usr/share/doc/*",
    "./usr/share/locale/*",
    "./usr/share/man/*/*",
    "./var/cache/apt/*.bin",
    "./var/cache/apt/archives/*.deb",
    "./var/lib/apt/lists/*",
)


class BuildError(Exception):
    """The image cannot be made; the text says why and what mends it, in one line."""


def main(argv: list[str]) -> int:
    """Make the images that are missing; 0 when all are there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("suites", nargs="*", metavar="suite", help=f"a Debian suite (default: {' '.join(SUITES)})")
    parser.add_argument("--force", action="store_true", help="make an image that exists already anew")
    arguments = parser.parse_args(argv)
    try:
        _build_all(arguments.suites or list(SUITES), force=arguments.force)
    except BuildError as error:
        print(f"build_base_image: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("build_base_image: interrupted; nothing of the unfinished image is left", file=sys.stderr)
        return INTERRUPTED
    return 0


def image_of(suite: str) -> str:
    """The name the lab looks for."""
    return f"topolab-base:{suite}"


def _build_all(suites: list[str], *, force: bool) -> None:
    """What is missing on this machine is asked for only where an image has to be made."""
    for suite in suites:
        if suite not in SUITES:
            raise BuildError(f'unknown suite "{suite}"; known: {", ".join(SUITES)}')
    _check_engine()
    for suite in suites:
        if not force and _exists(suite):
            print(f"{image_of(suite)} exists (--force makes it anew)", file=sys.stderr)
        else:
            _check_machine()
            _build(suite)


def _check_engine() -> None:
    if not shutil.which("docker"):
        raise BuildError("no docker command; on Debian or Ubuntu mend it with: sudo apt-get install docker.io")
    done = _docker("version")
    if done.returncode:
        raise BuildError(f"no Docker Engine answers; start one, or set DOCKER_HOST: {_tail(done.stderr)}")


def _check_machine() -> None:
    if os.geteuid() != 0:
        raise BuildError("debootstrap needs root; call this script with sudo")
    if not shutil.which("debootstrap"):
        raise BuildError("no debootstrap; on Debian or Ubuntu mend it with: sudo apt-get install debootstrap")
    folder = tempfile.gettempdir()
    if (free := shutil.disk_usage(folder).free) < NEEDED_BYTES:
        raise BuildError(
            f"{folder} has {free // 1_000_000} MB free, {NEEDED_BYTES // 1_000_000} are needed; "
            "make room, or set TMPDIR to a folder that has it"
        )


def _exists(suite: str) -> bool:
    return _docker("image", "inspect", image_of(suite)).returncode == 0


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(("docker", *arguments), capture_output=True, text=True, check=False)  # noqa: S607 - as users do


def _build(suite: str) -> None:
    """Through an archive in a file: what a pipe is cut short of would be imported as if it were whole."""
    print(
        f"{image_of(suite)}: making it with debootstrap, about half a minute ...", end="", file=sys.stderr, flush=True
    )
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="topolab-base-"))
    archive = folder / "image.tar"
    tree = folder / "tree"
    try:
        _run(["debootstrap", "--variant=minbase", suite, str(tree)])
        _run(["tar", *(f"--exclude={pattern}" for pattern in LEFT_OUT), "-cf", str(archive), "-C", str(tree), "."])
        _run(["docker", "import", "--change", f"LABEL topolab.base={suite}", str(archive), image_of(suite)])
    except BaseException:
        print(file=sys.stderr)  # ends the progress line
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f" {time.monotonic() - begun:.0f} s", file=sys.stderr)


def _run(argv: list[str]) -> None:
    """To its end, in namespaces of its own: with the one process everything it started and mounted is gone.

    debootstrap mounts /proc in its tree; a mount that an interrupt left there would meet the removal of the tree.
    """
    unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
    with subprocess.Popen(
        [*unshare, *argv],
        env={**os.environ, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C ends it through us
    ) as process:
        try:
            said, _ = process.communicate()
        except BaseException:
            process.kill()
            process.communicate()  # until the last of them has let go of the pipe
            raise
    if process.returncode:
        raise BuildError(f"{argv[0]} ended with {process.returncode}: {_tail(said)}")


def _tail(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-TAIL_LINES:]) or "it said nothing"


def _exit(_signal: int, _frame: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _exit)  # cleans up as for Ctrl-C
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # also where a shell that put us in the background ignores it
    sys.exit(main(sys.argv[1:]))
