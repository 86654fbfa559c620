"""An h2load for local tests: the machine's own if recent enough, else the load image's."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from support.command import engine_of_this_machine
from support.engines import site_here
from support.needs import skip_or_fail
from topolab.backends.compose.images import LOAD
from topolab.catalogue import Catalogue
from topolab.drivers.h2load.descriptor import missing_h2load
from topolab.plan import Filters, make_plan
from topolab.process.group import ProcessKeeper

LOADER = "ld-linux"
# The program and its libraries, as a tar file with links followed.
PACK = "tar -chf - /usr/bin/h2load $(ldd /usr/bin/h2load | grep -o '/[^ ]*')"


def make_h2load_folder(folder: Path, catalogue: Catalogue) -> Path:
    """Put an `h2load` into `folder`; without any, skip the test, or fail it where everything is required."""
    own = shutil.which("h2load")
    if own and not missing_h2load():
        (folder / "h2load").symlink_to(own)
        return folder
    if not shutil.which("docker"):
        skip_or_fail(f"{missing_h2load()}; and no Docker to take it from")
    packed = _docker("run", "--rm", "--network", "none", "--entrypoint", "sh", LOAD.name, "-c", PACK)
    if packed.returncode:
        _build(catalogue)
        packed = _docker("run", "--rm", "--network", "none", "--entrypoint", "sh", LOAD.name, "-c", PACK)
    if packed.returncode:
        skip_or_fail(f"{missing_h2load()}; nor from {LOAD.name}: {packed.stderr.decode(errors='replace').strip()}")
    inside = folder / "inside"
    inside.mkdir()
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
        for member in files:
            if content := files.extractfile(member):
                (inside / Path(member.name).name).write_bytes(content.read())
    (loader,) = inside.glob(f"{LOADER}*")
    for program in (loader, inside / "h2load"):
        program.chmod(0o755)
    (folder / "h2load").write_text(f'#!/bin/sh\nexec {loader} --library-path {inside} {inside}/h2load "$@"\n')
    (folder / "h2load").chmod(0o755)
    return folder


def path_with(folder: Path) -> dict[str, str]:
    """The PATH variable with `folder` first."""
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def _docker(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, **engine_of_this_machine()}
    return subprocess.run(["docker", *arguments], env=env, capture_output=True, timeout=120, check=False)


def _build(catalogue: Catalogue) -> None:
    """Build the images of this checkout, including the load image."""
    site = site_here(catalogue)
    with ProcessKeeper() as keeper:
        site.prepare(make_plan(catalogue.matrices["smoke"], catalogue, Filters(), {}), keeper, print)
    site.close()
