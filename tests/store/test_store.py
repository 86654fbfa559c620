"""A results folder returns what was stored, even if the writing process was killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from support.made_run import FAILURE, cell, measured, observation, page, record, skip
from topolab.database import DATABASE
from topolab.model.outcome import Failed, Measured, Observation, Stage
from topolab.model.protocol import ClientProtocol
from topolab.model.run import Sitting
from topolab.store import Store

DIRECT, ALB = cell(), cell(topology="alb")
PAGE = cell(profile="page-24")
OPEN = cell(profile="steady", protocol=ClientProtocol.HTTP1)
RECORD = record([DIRECT, ALB, PAGE, OPEN, cell(replica=1)], [skip()])
OBSERVATIONS = [
    observation(DIRECT, 1, measured(DIRECT)),
    observation(ALB, 1, measured(ALB, connections=(4, None), bad_responses={"status 502": 3, "wrong body": 1})),
    observation(PAGE, 1, page(PAGE, 12.345678901234567)),
    observation(
        OPEN,
        1,
        measured(OPEN, p50_ms=0.1, p90_ms=1 / 3, p99_ms=1e-9, offered_requests=1500, histogram="HISTFAAAAA=="),
    ),
    observation(DIRECT, 2, Measured(measurement=measured(DIRECT).measurement, hops=measured(DIRECT).hops)),
    observation(ALB, 2, FAILURE),
    observation(PAGE, 2, Failed(Stage.PROVE, 'the client\'s hop spoke "http/1.1" – planned was h2\nand \x00 more')),
    *(observation(OPEN, 2 + number, Failed(stage, "failed")) for number, stage in enumerate(Stage)),
]


def test_a_run_is_read_back_unchanged(tmp_path: Path) -> None:
    sittings = [
        Sitting(wall_s=12.5, load_before=0.1, load_after=1.2),
        Sitting(wall_s=1e-3, load_before=0, load_after=0),
    ]
    with Store.create(tmp_path / "run", RECORD) as store:
        for made in OBSERVATIONS:
            store.add(made)
        store.keep_sitting(sittings[0])
    with Store.open(tmp_path / "run") as store:
        store.keep_sitting(sittings[1])
    with Store.open(tmp_path / "run") as store:
        assert store.record == RECORD
        assert store.observations() == OBSERVATIONS
        assert store.sittings() == sittings


def test_a_run_from_before_drivers_were_recorded_is_read(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", RECORD):
        pass
    with closing(sqlite3.connect(tmp_path / "run" / DATABASE)) as connection, connection:
        connection.execute("UPDATE run SET record = json_remove(record, '$.drivers')")
    with Store.open(tmp_path / "run") as store:
        assert store.record == replace(RECORD, drivers={})


def test_types_are_read_back_exactly(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", RECORD) as store:
        for made in OBSERVATIONS:
            store.add(made)
    with Store.open(tmp_path / "run") as store:
        assert repr(store.record) == repr(RECORD)
        assert repr(store.observations()) == repr(OBSERVATIONS)


def test_a_new_folder_holds_no_observation(tmp_path: Path) -> None:
    with Store.create(tmp_path / "deep" / "run", RECORD) as store:
        assert (store.observations(), store.sittings()) == ([], [])


def test_observations_can_be_read_while_another_process_adds_more(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", RECORD) as writer, Store.open(tmp_path / "run") as reader:
        writer.add(OBSERVATIONS[0])
        assert reader.observations() == OBSERVATIONS[:1]
        writer.add(OBSERVATIONS[1])
        assert reader.observations() == OBSERVATIONS[:2]


def test_a_run_can_be_continued(tmp_path: Path) -> None:
    for made in OBSERVATIONS:
        opened = Store.open(tmp_path / "run") if (tmp_path / "run").exists() else Store.create(tmp_path / "run", RECORD)
        with opened as store:
            store.add(made)
    with Store.open(tmp_path / "run") as store:
        assert store.observations() == OBSERVATIONS


def test_a_repeated_cell_and_round_is_refused_and_the_first_kept(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", RECORD) as store:
        store.add(observation(ALB, 1, measured(ALB)))
        with pytest.raises(sqlite3.IntegrityError):
            store.add(observation(ALB, 1, FAILURE))
        store.add(observation(ALB, 2, FAILURE))
        assert store.observations() == [observation(ALB, 1, measured(ALB)), observation(ALB, 2, FAILURE)]


_ADDER = f"""
import sys
sys.path[:0] = {sys.path!r}
from dataclasses import replace
from pathlib import Path
from support.made_run import cell, measured, observation, record
from topolab.store import Store
made = cell()
with Store.create(Path(sys.argv[1]), record([made])) as store:
    for number in range(1, 1_000_000):
        store.add(observation(made, number, measured(made, histogram="x" * 20_000)))
        print(number, flush=True)
"""


def test_a_killed_process_loses_nothing_it_has_committed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _ADDER, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == 50:
                break
        os.kill(process.pid, signal.SIGKILL)
        committed = max([50, *map(int, process.stdout.read().split("\n")[:-1])])
    assert process.returncode == -signal.SIGKILL
    with Store.open(tmp_path / "run") as store:
        found = store.observations()
        # One more may have been committed and not yet reported.
        assert [o.round for o in found] in ([*range(1, committed + 1)], [*range(1, committed + 2)])
        assert found == [observation(cell(), o.round, measured(cell(), histogram="x" * 20_000)) for o in found]
        later = observation(cell(), 2_000_000, FAILURE)
        store.add(later)
        assert store.observations() == [*found, later]


def test_no_transaction_is_left_open_for_another_to_wait_for(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", RECORD) as store:
        store.add(OBSERVATIONS[0])
        other = sqlite3.connect(tmp_path / "run" / DATABASE, timeout=0)
        other.execute("BEGIN IMMEDIATE")
        other.close()


def test_leaving_the_store_leaves_one_file(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", RECORD) as store:
        store.add(OBSERVATIONS[0])
    assert [path.name for path in (tmp_path / "run").iterdir()] == [DATABASE]


def test_adding_an_observation_does_not_change_it(tmp_path: Path) -> None:
    """Adding changes neither the observation nor those added before."""
    made: list[Observation] = list(OBSERVATIONS)
    before = repr(made)
    with Store.create(tmp_path / "run", RECORD) as store:
        for one in made:
            store.add(one)
    assert repr(made) == before


def test_an_observation_is_committed_with_its_sittings_account(tmp_path: Path) -> None:
    """As after kill -9: the sitting was never ended, and its time is not lost."""
    first, second = (
        Sitting(wall_s=1.0, load_before=0.5, load_after=0.6),
        Sitting(wall_s=2.0, load_before=0.5, load_after=0.7),
    )
    with Store.create(tmp_path / "run", record([DIRECT])) as store:
        store.add(observation(DIRECT, 1, measured(DIRECT)), first)
        store.add(observation(DIRECT, 2, measured(DIRECT)), second)
    with Store.open(tmp_path / "run") as store:
        assert store.sittings() == [second]
        store.add(observation(DIRECT, 3, measured(DIRECT)), first)
        assert store.sittings() == [second, first]


def test_a_tools_files_exist_before_the_observation_that_names_them(tmp_path: Path) -> None:
    files = {f"raw/{DIRECT.id}/round-1/h2load.txt": b"spam\xff\n", f"raw/{DIRECT.id}/round-1/h2load-requests.tsv": b""}
    one = replace(observation(DIRECT, 1, measured(DIRECT)), files=tuple(files))
    with Store.create(tmp_path / "run", RECORD) as store:
        store.add(one, files=files)
        assert {name: (tmp_path / "run" / name).read_bytes() for name in one.files} == files
    with Store.open(tmp_path / "run") as store:
        assert store.observations() == [one]


def test_a_repeated_observation_has_the_files_of_the_second_visit(tmp_path: Path) -> None:
    """As after a kill between the files and the observation."""
    name = f"raw/{DIRECT.id}/round-1/h2load.txt"
    one = replace(observation(DIRECT, 1, measured(DIRECT)), files=(name,))
    with Store.create(tmp_path / "run", RECORD) as store:
        (tmp_path / "run" / name).parent.mkdir(parents=True)
        (tmp_path / "run" / name).write_bytes(b"the first time, longer")
        store.add(one, files={name: b"the second"})
        assert (tmp_path / "run" / name).read_bytes() == b"the second"
