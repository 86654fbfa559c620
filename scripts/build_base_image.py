#!/usr/bin/env python3
"""Makes the base images where no registry can be reached: Debian by debootstrap, from the packages apt can reach.

Names no mirror: debootstrap has its own default, and writes it to the image's /etc/apt/sources.list.
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
NEEDED_BYTES = 500_000_000  # 210 MB for a suite with its package files, 80 MB for its archive, and some headroom
TAIL_LINES = 3
# apt can fetch its lists and packages again, and a container needs no manuals. The folders stay: some packages'
# scripts fail if the folder of a manual section is missing.
LEFT_OUT = (
    "./usr/share/doc/*",
    "./usr/share/locale/*",
    "./usr/share/man/*/*",
    "./var/cache/apt/*.bin",
    "./var/cache/apt/archives/*.deb",
    "./var/lib/apt/lists/*",
)


class BuildError(Exception):
    """The image cannot be made; the text says why, and how to fix it, in one line."""


def main(argv: list[str]) -> int:
    """Make the missing images; return 0 when all exist."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("suites", nargs="*", metavar="suite", help=f"a Debian suite (default: {' '.join(SUITES)})")
    parser.add_argument("--force", action="store_true", help="rebuild images that already exist")
    arguments = parser.parse_args(argv)
    try:
        _build_all(arguments.suites or list(SUITES), force=arguments.force)
    except BuildError as error:
        print(f"build_base_image: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("build_base_image: interrupted; the unfinished image was removed", file=sys.stderr)
        return INTERRUPTED
    return 0


def image_of(suite: str) -> str:
    """The image name that topolab looks for."""
    return f"topolab-base:{suite}"


def _build_all(suites: list[str], *, force: bool) -> None:
    """Require this machine's tools only if an image has to be made."""
    for suite in suites:
        if suite not in SUITES:
            raise BuildError(f'unknown suite "{suite}"; known: {", ".join(SUITES)}')
    _check_engine()
    for suite in suites:
        if not force and _exists(suite):
            print(f"{image_of(suite)} exists (--force rebuilds it)", file=sys.stderr)
        else:
            _check_machine()
            _build(suite)


def _check_engine() -> None:
    if not shutil.which("docker"):
        raise BuildError("no docker command; on Debian or Ubuntu, install it with: sudo apt-get install docker.io")
    done = _docker("version")
    if done.returncode:
        raise BuildError(f"no Docker Engine answers; start one, or set DOCKER_HOST: {_tail(done.stderr)}")


def _check_machine() -> None:
    if os.geteuid() != 0:
        raise BuildError("debootstrap needs root; run this script with sudo")
    if not shutil.which("debootstrap"):
        raise BuildError("no debootstrap; on Debian or Ubuntu, install it with: sudo apt-get install debootstrap")
    folder = tempfile.gettempdir()
    if (free := shutil.disk_usage(folder).free) < NEEDED_BYTES:
        raise BuildError(
            f"{folder} has {free // 1_000_000} MB free but needs {NEEDED_BYTES // 1_000_000} MB; "
            "make room, or set TMPDIR to a folder with enough space"
        )


def _exists(suite: str) -> bool:
    return _docker("image", "inspect", image_of(suite)).returncode == 0


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(("docker", *arguments), capture_output=True, text=True, check=False)  # noqa: S607 - as users do


def _build(suite: str) -> None:
    """Import an archive file, not a pipe: the engine would import a truncated pipe as if it were complete."""
    print(
        f"{image_of(suite)}: making it with debootstrap (about half a minute) ...", end="", file=sys.stderr, flush=True
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
    """Run to the end in separate namespaces: when the process ends, all that it started and mounted is gone.

    debootstrap mounts /proc in its tree; a mount left by an interrupt would get in the way of removing the tree.
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
        start_new_session=True,  # on Ctrl-C, we end it
    ) as process:
        try:
            said, _ = process.communicate()
        except BaseException:
            process.kill()
            process.communicate()  # until the last process has closed the pipe
            raise
    if process.returncode:
        raise BuildError(f"{argv[0]} ended with {process.returncode}: {_tail(said)}")


def _tail(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-TAIL_LINES:]) or "it printed nothing"


def _exit(_signal: int, _frame: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _exit)  # cleans up as for Ctrl-C
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # even if a shell that runs us in the background ignores it
    sys.exit(main(sys.argv[1:]))
