"""A results folder that is read-only, or becomes unwritable during a run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.made_run import cell, measured, observation, record
from support.mounts import with_read_only
from support.stored_runs import finished_run
from topolab.errors import UnwritableError
from topolab.model.run import Sitting
from topolab.store import Store

CELL = cell()
SITTING = Sitting(wall_s=2.0, load_before=0.5, load_after=0.5)
READ = """
import sys
from pathlib import Path
from topolab.store import Store
with Store.open(Path(sys.argv[1])) as store:
    print(store.writable, len(store.observations()))
"""


def read_only(folder: Path) -> tuple[str, str]:
    """The run as read by a process without write permission."""
    argv = with_read_only(folder, [sys.executable, "-c", READ, str(folder)])
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout, done.stderr


def test_a_run_in_a_read_only_folder_can_be_read(tmp_path: Path) -> None:
    assert read_only(finished_run(tmp_path / "run")) == ("False 1\n", "")


def test_a_run_whose_process_was_killed_is_read_with_its_log(tmp_path: Path) -> None:
    """The last transactions are only in the log; a copy of an open run is like one after a kill."""
    with Store.create(tmp_path / "run", record([CELL])) as store:
        store.add(observation(CELL, 1, measured(CELL)))
        shutil.copytree(tmp_path / "run", tmp_path / "killed")
    assert (tmp_path / "killed" / "run.sqlite-wal").stat().st_size > 0
    assert read_only(tmp_path / "killed") == ("False 1\n", "")


def test_a_run_that_cannot_be_written_can_be_read(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", record([CELL])) as store:
        kept, lost = (observation(CELL, number, measured(CELL)) for number in (1, 2))
        store.add(kept, SITTING)
        (tmp_path / "run" / "raw").touch()
        later = Sitting(wall_s=4.0, load_before=0.5, load_after=0.5)
        with pytest.raises(UnwritableError, match=r"run: can no longer be written: .*Not a directory"):
            store.add(lost, later, {"raw/x/out.txt": b"x"})
        assert (store.observations(), store.sittings()) == ([kept, lost], [later])
        assert store.unwritten == [lost]
    with Store.open(tmp_path / "run") as store:
        assert (store.observations(), store.sittings()) == ([kept], [SITTING])


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_added_to_a_folder_that_was_deleted(tmp_path: Path, replaced: bool) -> None:
    """SQLite alone would write to the deleted file without an error."""
    folder = tmp_path / "run"
    with Store.create(folder, record([CELL])) as store:
        kept, lost = (observation(CELL, number, measured(CELL)) for number in (1, 2))
        store.add(kept, SITTING)
        assert not store.gone
        shutil.rmtree(folder)
        if replaced:
            finished_run(folder)
        assert store.gone
        with pytest.raises(UnwritableError, match="run: can no longer be written: it was deleted or moved away"):
            store.add(lost, SITTING, {"raw/x/out.txt": b"x"})
        assert store.observations() == [kept, lost]
        assert store.unwritten == [lost]
        assert folder.exists() == replaced
        assert not (folder / "raw").exists()


def test_a_folder_is_removed_if_its_run_cannot_be_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topolab.store._SCHEMA", "CREATE nothing")
    with pytest.raises(Exception, match="the results folder cannot be created"):
        Store.create(tmp_path / "run", record([CELL]))
    assert list(tmp_path.iterdir()) == []
