"""Gives the scripts their own environment: makes `.venv` from the hashed lock files and re-executes in it.

Standard library only, and written for old interpreters too, so that those get a sentence and not a traceback.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "topolab-lock.sha256"
LOCKS = ("requirements-bootstrap.lock", "requirements.lock", "requirements-optional.lock")
INTERRUPTED = 130
OPTIONAL_LOG = VENV / "optional-install.log"


class SetupError(Exception):
    """The environment cannot be made; the text says why and what mends it."""


def ensure_environment() -> None:
    """Return inside `.venv`, made or renewed where it is missing or older than the lock files."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the point is to be understood by an old interpreter
        sys.exit("topolab needs Python 3.11 or later; this is {}.{}.".format(*sys.version_info[:2]))
    wanted = _wanted_stamp()
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    if _current_stamp() == wanted:
        if not inside:
            os.execv(_python(), [str(_python()), *sys.argv])
        return
    if inside:  # the running interpreter cannot be replaced under itself: go back to the one it was made from
        os.execv(sys._base_executable, [sys._base_executable, *sys.argv])  # type: ignore[attr-defined]
    try:
        _with_lock(wanted)
    except SetupError as error:
        sys.exit(f"set-up failed: {error}")
    except KeyboardInterrupt:
        print("\ntopolab: set-up interrupted; the next call begins it again", file=sys.stderr)
        sys.exit(INTERRUPTED)
    os.execv(_python(), [str(_python()), *sys.argv])


def _python() -> Path:
    return VENV / "bin" / "python"


def _wanted_stamp() -> str:
    digest = hashlib.sha256(str(ROOT).encode())
    for name in (*LOCKS, "scripts/bootstrap.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _current_stamp() -> str | None:
    try:
        return STAMP.read_text() if _python().exists() else None
    except OSError:
        return None


def _with_lock(wanted: str) -> None:
    """Build under a lock, so that two scripts started at once do not build over each other."""
    import fcntl

    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _current_stamp() != wanted:
            _build(wanted)


def _build(wanted: str) -> None:
    why = "its lock changed" if VENV.exists() else "first run"
    print(f"topolab: setting up .venv ({why}), once; this takes about ten seconds", file=sys.stderr)
    shutil.rmtree(VENV, ignore_errors=True)
    _create_venv()
    pip = [str(_python()), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    locked = ["--require-hashes", "-r"]
    installer = _first_that_works([*_fast_installers(pip, locked), pip], [*locked, LOCKS[1]])
    _install_optional(installer, locked)
    (_site_packages() / "topolab.pth").write_text("{}\n".format(ROOT / "src"))
    STAMP.write_text(wanted)


def _fast_installers(pip: list[str], locked: list[str]) -> list[list[str]]:
    """uv, with its own certificates and with the system's; none where there is no wheel of it for this machine."""
    try:
        _run([*pip, *locked, LOCKS[0]])
    except SetupError:
        return []
    uv = [str(VENV / "bin" / "uv"), "--quiet"]
    install = ["pip", "install", "--python", str(_python())]
    return [[*uv, *install], [*uv, "--system-certs", *install]]


def _first_that_works(installers: list[list[str]], arguments: list[str]) -> list[str]:
    """Install with each in turn until one does. The last is pip, which brought the others and is only slower."""
    for installer in installers[:-1]:
        try:
            _run([*installer, *arguments])
        except SetupError:
            continue
        return installer
    _run([*installers[-1], *arguments])
    return installers[-1]


def _create_venv() -> None:
    try:
        _run([sys.executable, "-m", "venv", str(VENV)])
    except SetupError as error:
        shutil.rmtree(VENV, ignore_errors=True)
        if "ensurepip" in str(error) or "No module named venv" in str(error):
            package = "python{}.{}-venv".format(*sys.version_info[:2])
            raise SetupError(
                "this Python cannot make virtual environments; on Debian or Ubuntu mend it with: "
                f"sudo apt-get install {package}"
            ) from None
        raise


def _install_optional(installer: list[str], locked: list[str]) -> None:
    """Servers that not every Python can build: a failure is a line here and a skipped row later."""
    try:
        _run([*installer, "--no-deps", "--no-build-isolation", *locked, LOCKS[2]])
    except SetupError as error:
        OPTIONAL_LOG.write_text(f"{error}\n")
        print(
            f"topolab: an optional server could not be built (see {OPTIONAL_LOG.relative_to(ROOT)}); "
            "its rows will be skipped",
            file=sys.stderr,
        )


def _site_packages() -> Path:
    return next((VENV / "lib").glob("python3.*/site-packages"))


def _run(argv: list[str]) -> None:
    environment = dict(os.environ)
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        environment.pop(name, None)
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise SetupError("`{}` ended with {}:\n{}".format(" ".join(argv), done.returncode, tail))
