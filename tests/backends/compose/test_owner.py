"""A token belongs to a topolab process while that lives, and is dead only when that is certain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from topolab.backends.compose import owner
from topolab.errors import EngineError

ENGINE, ANOTHER = "7B6Q:ENGINE", "9C8R:ANOTHER"

# Another process: it takes a token, prints it, waits for a line, releases the token, and waits for another line.
_OWNER = f"""
import sys
sys.path[:0] = {sys.path!r}
from topolab.backends.compose.owner import Token
token = Token(sys.argv[1])
print(token.text, flush=True)
sys.stdin.readline()
token.let_go()
print("let go", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for tokens, which does not exist yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "topolab" / "owners"


@contextmanager
def other_owner(engine_id: str = ENGINE) -> Iterator[tuple[subprocess.Popen[str], str]]:
    argv = [sys.executable, "-c", _OWNER, engine_id]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            token = process.stdout.readline().strip()
            assert token
            yield process, token
        finally:
            process.kill()


def killed_owner(engine_id: str = ENGINE) -> str:
    """The token of a process that was killed while holding it."""
    with other_owner(engine_id) as (process, token):
        process.send_signal(signal.SIGKILL)
        process.wait()
    return token


def test_a_token_is_dead_only_after_its_owner(state: Path) -> None:
    with other_owner() as (process, token):
        assert (state / token).is_file()
        assert owner.dead(ENGINE) == []
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert owner.dead(ENGINE) == [token]


def test_only_dead_tokens_are_listed_each_for_its_engine(state: Path) -> None:
    own = owner.Token(ENGINE)
    here, there = [killed_owner(), killed_owner()], killed_owner(ANOTHER)
    with other_owner() as (alive, living):
        assert owner.dead(ENGINE) == sorted(here)
        assert owner.dead(ANOTHER) == [there]
        assert owner.dead("ENGINE") == []
        assert alive.poll() is None
        own.let_go()
        assert sorted(file.name for file in state.iterdir()) == sorted([*here, there, living])


def test_checking_neither_removes_nor_keeps_a_lock(state: Path) -> None:
    with other_owner() as (process, token):
        assert [owner.dead(ENGINE) for _ in range(3)] == [[], [], []]
        process.kill()
        process.wait()
        assert [owner.dead(ENGINE) for _ in range(3)] == [[token]] * 3
    assert [file.name for file in state.iterdir()] == [token]


def test_a_released_token_leaves_no_file_and_is_not_dead(state: Path) -> None:
    with other_owner() as (process, _):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "let go\n"
        assert (list(state.iterdir()), owner.dead(ENGINE)) == ([], [])


def test_a_dead_token_is_forgotten_once(state: Path) -> None:
    token = killed_owner()
    owner.forget(token)
    owner.forget(token)
    assert (list(state.iterdir()), owner.dead(ENGINE)) == ([], [])


def test_without_earlier_runs_no_token_is_dead(state: Path) -> None:
    assert (owner.dead(ENGINE), state.exists()) == ([], False)


def test_a_token_file_without_an_engine_is_ignored(state: Path) -> None:
    state.mkdir(parents=True)
    (state / "empty").touch()  # a process's own file is like this for a moment, before it has the lock
    (state / "longer").write_text(f"{ENGINE}\n")
    assert owner.dead(ENGINE) == []


def test_a_labs_children_do_not_keep_its_token_alive() -> None:
    code = _OWNER.replace("sys.stdin.readline()", "process = __import__('subprocess').Popen(['sleep', '600'])", 1)
    code = code.replace("token.let_go()", "print(process.pid, flush=True); sys.stdin.readline()", 1)
    with subprocess.Popen(
        [sys.executable, "-c", code, ENGINE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        token, child = process.stdout.readline().strip(), int(process.stdout.readline())
        process.kill()
        process.wait()
        try:
            assert owner.dead(ENGINE) == [token]
        finally:
            os.kill(child, signal.SIGKILL)


def test_every_token_is_unique_and_private(state: Path) -> None:
    tokens = [owner.Token(ENGINE) for _ in range(3)]
    assert sorted(file.name for file in state.iterdir()) == sorted(token.text for token in tokens)
    assert {(state / token.text).stat().st_mode & 0o777 for token in tokens} == {0o600}
    for token in tokens:
        token.let_go()
    assert list(state.iterdir()) == []


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/cook"}, "/state/topolab/owners"),
        ({"XDG_STATE_HOME": "", "HOME": "/home/cook"}, "/home/cook/.local/state/topolab/owners"),
    ],
)
def test_locks_are_in_the_users_state_folder(
    variables: dict[str, str], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert owner.folders()[0] == Path(place)


def test_without_a_home_locks_are_in_the_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.delenv("HOME")
    assert owner.folders() == [Path(tempfile.gettempdir()) / f"topolab-{os.getuid()}" / "topolab" / "owners"]


def test_with_a_read_only_state_folder_locks_are_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    token = owner.Token(ENGINE)
    place = tmp_path / f"topolab-{os.getuid()}" / "topolab" / "owners"
    assert [file.name for file in place.iterdir()] == [token.text]
    assert owner.dead(ENGINE) == []
    token.let_go()
    (place / "dead").write_text(ENGINE)
    assert owner.dead(ENGINE) == ["dead"]
    owner.forget("dead")
    assert list(place.iterdir()) == []


def test_without_a_place_for_locks_one_line_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nor-here")
    with pytest.raises(EngineError) as raised:
        owner.Token(ENGINE)
    assert str(raised.value) == (
        "a run on Docker needs a file to record who owns its containers: "
        "/proc/nowhere/topolab/owners: No such file or directory; "
        f"/proc/nor-here/topolab-{os.getuid()}/topolab/owners: No such file or directory; "
        "set XDG_STATE_HOME or TMPDIR to a writable folder"
    )
