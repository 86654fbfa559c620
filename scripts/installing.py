"""Makes `.venv` and installs parts into it from their lock files, with uv if this machine has a wheel of it."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from installed import CORE, OPTIONAL_LOCK, Installed
from package_sources import NO_INDEX, for_listing, for_pip, for_uv, pip_settings, plain_environment

_TAIL_LINES = 12
_TICK_S = 0.2
_CAUSES = (
    (
        "No space left on device|os error 28",
        "no space left on the disk of {root} or of {temporary}; make room (700 MB hold everything), or set TMPDIR",
    ),
    (
        "Read-only file system|os error 30|Permission denied|os error 13",
        "cannot write {root}/.venv ({error}); make the checkout writable, or clone it where you have write access",
    ),
    (
        "Temporary failure in name resolution|Failed to establish a new connection|Could not find a version that",
        "no package index provides {what}; check the network, and the index and proxy in pip's configuration",
    ),
)
"""Known causes: a pattern for the end of the output, and a sentence that explains it better."""


class SetupError(Exception):
    """The environment cannot be made; the text says why and what to do."""


def add_parts(wanted: Installed) -> None:
    """Rebuild the environment if it does not fit, and add missing parts; concurrent scripts take turns.

    Raises `SetupError`.
    """
    try:
        with (wanted.root / ".venv.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _add_parts(wanted)
    except OSError as error:
        raise SetupError(_explained(f"{error.strerror}: {error.filename}", wanted, "")) from error


def _add_parts(wanted: Installed) -> None:
    reason = wanted.unfit()
    parts = wanted.parts if reason else wanted.missing_parts()
    if not parts:
        return  # another script has just done it
    does = f"setting up .venv ({reason})" if reason else "adding to .venv"
    with _Progress(f"topolab: {does}: {', '.join(parts)}") as progress:
        steps = _Steps(wanted, progress)
        if reason:
            steps.create()
        steps.install(parts)
    if reason := wanted.unfit():
        raise SetupError(f"{wanted.folder}: {reason}; remove the folder and run the command again")


class _Progress:
    """A line that says what is being done and, on a terminal, the current step and the elapsed seconds below it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._live = sys.stderr is not None and sys.stderr.isatty()
        self._begun = time.monotonic()

    def __enter__(self) -> _Progress:
        _print(f"{self._text}\n")
        return self

    def __exit__(self, *_exception: object) -> None:
        self._show("")

    def tick(self, step: str) -> None:
        """Show the current step, on a terminal only."""
        self._show(f"  {step}, {time.monotonic() - self._begun:.0f} s")

    def note(self, text: str) -> None:
        """Print a message on its own line."""
        self._show("")
        _print(f"{text}\n")

    def _show(self, text: str) -> None:
        if self._live:
            _print(f"\r\033[K{text[: shutil.get_terminal_size().columns - 1]}")


def _print(text: str) -> None:
    """Write to standard error. If nobody can read it, the set-up goes on: the command itself says what is lost."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        sys.stderr = None


class _Steps:
    """The commands of a set-up. Each raises `SetupError` if it fails."""

    def __init__(self, wanted: Installed, progress: _Progress) -> None:
        self._wanted = wanted
        self._progress = progress
        self._pip = [str(wanted.python), "-I", "-m", "pip"]

    def create(self) -> None:
        """Replace what is there with an empty environment."""
        folder = self._wanted.folder
        if not folder.is_dir() and (folder.is_symlink() or folder.exists()):
            raise SetupError(f"{folder} is not a folder; remove it and run the command again")
        try:
            argv = [sys.executable, "-I", "-m", "venv", "--clear", "--without-pip", str(folder)]
            self._run(argv, plain_environment(), "making the environment")
            # venv can do this too, but hides what goes wrong.
            argv = [str(self._wanted.python), "-I", "-m", "ensurepip", "--upgrade", "--default-pip"]
            self._run(argv, plain_environment(), "making the environment")
        except SetupError as error:
            shutil.rmtree(folder, ignore_errors=True)
            if "No module named" in str(error):
                package = "python{}.{}-venv".format(*sys.version_info[:2])
                raise SetupError(
                    "this Python cannot make virtual environments; on Debian or Ubuntu, install the missing package: "
                    f"sudo apt-get install {package}"
                ) from None
            raise

    def install(self, parts: Sequence[str]) -> None:
        """Install the parts: with uv because it is faster, or with pip where uv does not work."""
        self._wanted.begin()
        sources = pip_settings(self._run([*self._pip, "config", "list"], for_listing(), "reading pip's settings"))
        with tempfile.TemporaryDirectory(prefix="installer-", dir=self._wanted.folder) as folder:
            installers = [*self._uv(Path(folder), sources), ([*self._pip, "install", "--no-compile"], for_pip(sources))]
            # A part's lock lists everything the part needs except what the core has.
            locked = ["--no-deps", *(word for part in parts for word in ("-r", str(self._wanted.lock(part))))]
            installer = self._first_that_works(installers, locked, f"installing {', '.join(parts)}")
            if CORE in parts:
                self._install_optional(*installer)
        self._wanted.finish(parts)

    def _uv(self, folder: Path, sources: Mapping[str, str]) -> list[tuple[list[str], dict[str, str]]]:
        """Return uv with its own certificates and with the system's; nothing if this machine has no wheel of it."""
        if NO_INDEX in sources:
            return []
        lock = str(self._wanted.lock("installer"))
        argv = [*self._pip, "install", "--no-compile", "--require-hashes", "--target", str(folder), "-r", lock]
        try:
            self._run(argv, for_pip(sources), "fetching the installer")
        except SetupError:
            return []
        uv = [str(folder / "bin" / "uv")]
        install = ["pip", "install", "--python", str(self._wanted.python)]
        environment = for_uv(sources)
        return [([*uv, *install], environment), ([*uv, "--system-certs", *install], environment)]

    def _first_that_works(
        self, installers: Sequence[tuple[list[str], dict[str, str]]], arguments: Sequence[str], step: str
    ) -> tuple[list[str], dict[str, str]]:
        """Try each installer until one succeeds. The last is pip, which fetched the others and is only slower."""
        for argv, environment in installers[:-1]:
            try:
                self._run([*argv, "--require-hashes", *arguments], environment, step)
            except SetupError:
                continue
            return argv, environment
        argv, environment = installers[-1]
        self._run([*argv, "--require-hashes", *arguments], environment, step)
        return argv, environment

    def _install_optional(self, argv: list[str], environment: dict[str, str]) -> None:
        """Build servers that not every Python can build: a failure prints a line here and skips the rows later.

        The core's setuptools builds them.
        """
        log = self._wanted.folder / "optional-install.log"
        options = [
            "--no-deps",
            "--no-build-isolation",
            "--require-hashes",
            "-r",
            str(self._wanted.root / OPTIONAL_LOCK),
        ]
        try:
            self._run([*argv, *options], environment, "building optional servers")
        except SetupError as error:
            log.write_text(f"{error}\n", encoding="utf-8")
            shown = log.relative_to(self._wanted.root)
            self._progress.note(
                f"topolab: an optional server could not be built (see {shown}); its rows will be skipped"
            )

    def _run(self, argv: list[str], environment: Mapping[str, str], step: str) -> str:
        with subprocess.Popen(
            argv,
            cwd=self._wanted.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process:
            said = self._waited(process, step)
        if process.returncode:
            raise SetupError(_explained(said, self._wanted, " ".join(argv), process.returncode))
        return said

    def _waited(self, process: subprocess.Popen[str], step: str) -> str:
        try:
            while True:
                self._progress.tick(step)
                try:
                    return process.communicate(timeout=_TICK_S)[0]
                except subprocess.TimeoutExpired:
                    continue
        except BaseException:
            process.kill()
            raise


def _explained(said: str, wanted: Installed, command: str, code: int = 1) -> str:
    """Summarise an output: a sentence if the cause is known, else the end of the output."""
    for pattern, sentence in _CAUSES:
        if found := re.search(pattern, said):
            what = re.findall(r"(?:requirement|for) ([A-Za-z0-9._-]+(?:==\S+)?)", said)
            return sentence.format(
                root=wanted.root, temporary=tempfile.gettempdir(), error=found[0], what=(what or ["the packages"])[-1]
            )
    if not command:
        return said
    tail = "\n".join(said.strip().splitlines()[-_TAIL_LINES:])
    return f"`{command}` ended with {code}:\n{tail}"
