"""The repository's catalogue can be read, and its entries are found by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from topolab.catalogue import default_root, load_catalogue, load_matrix
from topolab.errors import InputError
from topolab.model.profile import Lanes, OpenLoad

REPOSITORY = Path(__file__).parents[2]


def test_the_catalogue_of_this_repository_loads() -> None:
    catalogue = load_catalogue(REPOSITORY)
    folders = {path.parent.name for path in REPOSITORY.glob("servers/*/server.toml")}
    assert {candidate.server.name for candidate in catalogue.candidates.values()} == folders
    assert list(catalogue.apps) == sorted(path.parent.name for path in REPOSITORY.glob("apps/*/app.toml"))
    assert list(catalogue.topologies) == [
        path.stem for path in sorted(REPOSITORY.glob("*/topologies/*.toml"), key=lambda path: path.name)
    ]
    assert list(catalogue.profiles) == [path.stem for path in sorted((REPOSITORY / "loadtest/profiles").glob("*.toml"))]
    assert list(catalogue.matrices) == [path.stem for path in sorted((REPOSITORY / "loadtest/matrices").glob("*.toml"))]


def test_a_copy_of_the_catalogue_is_equal(root: Path) -> None:
    copied, original = load_catalogue(root), load_catalogue(REPOSITORY)
    assert {name: (c.server, c.variant) for name, c in copied.candidates.items()} == {
        name: (c.server, c.variant) for name, c in original.candidates.items()
    }
    assert (copied.apps, copied.topologies, copied.profiles, copied.matrices) == (
        original.apps,
        original.topologies,
        original.profiles,
        original.matrices,
    )


def test_a_candidate_is_named_by_server_and_variant_and_has_its_folder(root: Path) -> None:
    candidate = load_catalogue(root).candidates["gunicorn-gthread"]
    assert (candidate.name, candidate.server.name, candidate.variant.name, candidate.folder) == (
        "gunicorn-gthread",
        "gunicorn",
        "gthread",
        root / "servers" / "gunicorn",
    )


def test_a_profile_is_read_whole(root: Path) -> None:
    (root / "loadtest/profiles/mine.toml").write_text(
        """
name = "mine"
summary = "my own"
kind = "open"
driver = "curl"
path = "/query?id=topolab"
body = '{"text":"spam, egg, spam and spam!, topolab!"}'
warm_up_s = 0.5
duration_s = 3
rate_per_s = 500
http1.connections = 32
multiplexed = { connections = 4, streams = 8 }
""",
        encoding="utf-8",
    )
    assert load_catalogue(root).profiles["mine"] == OpenLoad(
        name="mine",
        summary="my own",
        kind="open",
        driver="curl",
        path="/query?id=topolab",
        body='{"text":"spam, egg, spam and spam!, topolab!"}',
        warm_up_s=0.5,
        duration_s=3.0,
        rate_per_s=500.0,
        timeout_s=10.0,
        http1=Lanes(connections=32, streams=1),
        multiplexed=Lanes(connections=4, streams=8),
    )


def test_a_browser_page_may_differ_in_requests_in_flight(root: Path) -> None:
    page = load_catalogue(root).profiles["page-24"]
    assert (page.http1.in_flight, page.multiplexed.in_flight) == (6, 100)


def test_a_counted_load_may_pipeline_and_differ_in_requests_in_flight(root: Path) -> None:
    file = root / "loadtest" / "profiles" / "h2load-c10-n100-m5.toml"
    file.write_text(file.read_text().replace("connections = 10", "connections = 2", 1))
    counted = load_catalogue(root).profiles["h2load-c10-n100-m5"]
    assert (counted.http1, counted.multiplexed) == (Lanes(2, 5), Lanes(10, 5))


def test_a_matrix_is_found_by_its_name(root: Path) -> None:
    catalogue = load_catalogue(root)
    assert load_matrix(catalogue, "smoke") is catalogue.matrices["smoke"]


def test_a_matrix_can_be_a_file_with_any_name(root: Path, tmp_path: Path) -> None:
    catalogue = load_catalogue(root)
    mine = tmp_path / "mine.toml"
    mine.write_text((root / "loadtest/matrices/smoke.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert load_matrix(catalogue, str(mine)) == catalogue.matrices["smoke"]


def test_an_unknown_matrix_is_refused_with_the_known_ones(root: Path) -> None:
    catalogue = load_catalogue(root)
    known = ", ".join(catalogue.matrices)
    with pytest.raises(InputError) as raised:
        load_matrix(catalogue, "smokes")
    assert str(raised.value) == f"--matrix smokes: no such matrix; expected one of {known}, or a .toml file"


@pytest.mark.parametrize("given", ["missing.toml", "some/where/missing.toml", "some/where"])
def test_a_missing_matrix_file_is_refused(root: Path, given: str) -> None:
    with pytest.raises(InputError) as raised:
        load_matrix(load_catalogue(root), given)
    assert str(raised.value) == f"{given}: no such file"


def test_a_folder_is_refused_as_a_matrix(root: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read as text: .*Is a directory"):
        load_matrix(load_catalogue(root), f"{root}/loadtest/matrices")


def test_a_matrix_file_is_checked_like_the_catalogues_own(root: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('name = "mine"\nsummary = "mine"\nrounds = 0\nselect = []\n', encoding="utf-8")
    with pytest.raises(InputError) as raised:
        load_matrix(load_catalogue(root), str(mine))
    assert str(raised.value) == f"{mine}: rounds: input should be greater than or equal to 1, not 0"


def test_the_variable_names_the_catalogues_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPOLAB_CATALOGUE", str(tmp_path))
    assert default_root() == tmp_path


def test_the_default_catalogue_is_the_checkouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOPOLAB_CATALOGUE", raising=False)
    assert default_root() == REPOSITORY


def test_a_proxy_under_any_name_makes_a_catalogue(root: Path) -> None:
    before = load_catalogue(root)
    for file in ((root / "nginx" / "proxy.toml"), *(root / "nginx" / "topologies").glob("*.toml")):
        text = file.read_text(encoding="utf-8")
        key = "name" if file.name == "proxy.toml" else "proxy"
        file.write_text(text.replace(f'{key} = "nginx"', f'{key} = "mine"', 1), encoding="utf-8")
    (root / "nginx").rename(root / "mine")
    found = load_catalogue(root)
    assert (set(before.proxies), set(found.proxies)) == ({"nginx"}, {"mine"})
    assert set(found.topologies) == set(before.topologies)
    assert {topology.proxy for topology in found.topologies.values()} == {"mine", ""}
