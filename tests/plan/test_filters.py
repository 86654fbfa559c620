"""`--only KEY=GLOB`: of one key any glob may match, of several keys each must; a glob without a match is a typo."""

from __future__ import annotations

import pytest

from support.planning import ALL, matrix, planned
from topolab.catalogue import Catalogue
from topolab.errors import InputError
from topolab.model.combination import Combination
from topolab.plan import Filters

EVERYTHING = matrix(apps=ALL)
KEYS = "server, app, topology, protocol, profile"


def combinations(catalogue: Catalogue, *only: str) -> list[Combination]:
    plan = planned(catalogue, EVERYTHING, *only)
    return [found.combination for found in (*plan.cells, *plan.skips)]


def servers(catalogue: Catalogue, *only: str) -> set[str]:
    return {combination.server for combination in combinations(catalogue, *only)}


def test_without_a_filter_everything_is_kept(catalogue: Catalogue) -> None:
    assert servers(catalogue) == set(catalogue.candidates)


def test_a_servers_name_matches_all_its_variants(catalogue: Catalogue) -> None:
    variants = {name for name, c in catalogue.candidates.items() if c.server.name == "granian"}
    assert servers(catalogue, "server=granian") == variants == {"granian-asgi", "granian-wsgi"}


def test_a_servers_name_does_not_match_another_servers_variant(catalogue: Catalogue) -> None:
    assert "gunicorn-uvicorn" in catalogue.candidates
    assert "gunicorn-uvicorn" not in servers(catalogue, "server=uvicorn")


def test_server_and_variant_match_one_candidate(catalogue: Catalogue) -> None:
    assert servers(catalogue, "server=granian-wsgi") == {"granian-wsgi"}


def test_a_glob_matches_any_number_of_names(catalogue: Catalogue) -> None:
    found = servers(catalogue, "server=*-wsgi")
    assert found == {name for name in catalogue.candidates if name.endswith("-wsgi")}


def test_the_same_key_twice_means_either(catalogue: Catalogue) -> None:
    assert servers(catalogue, "server=granian-wsgi", "server=uvicorn-h11") == {"granian-wsgi", "uvicorn-h11"}


def test_two_keys_mean_both(catalogue: Catalogue) -> None:
    found = combinations(catalogue, "server=granian", "topology=alb", "protocol=h2", "app=bare-wsgi")
    assert [combination.id for combination in found] == ["granian-wsgi/bare-wsgi/alb/h2/ceiling"]


def test_an_app_can_be_selected_with_its_interface(catalogue: Catalogue) -> None:
    found = {(c.app, c.interface.value) for c in combinations(catalogue, "app=django-wsgi")}
    assert found == {("django", "wsgi")}


def test_an_app_without_interface_matches_both(catalogue: Catalogue) -> None:
    found = {(c.app, c.interface.value) for c in combinations(catalogue, "app=django")}
    assert found == {("django", "asgi"), ("django", "wsgi")}


@pytest.mark.parametrize("spelling", ["h1", "http/1.1"])
def test_http1_can_be_spelled_in_two_ways(catalogue: Catalogue, spelling: str) -> None:
    found = {c.client_protocol.value for c in combinations(catalogue, f"protocol={spelling}")}
    assert found == {"http/1.1"}


def test_a_protocol_glob_matches_cleartext_protocols(catalogue: Catalogue) -> None:
    found = {c.client_protocol.value for c in combinations(catalogue, "protocol=h2*")}
    assert found == {"h2", "h2c"}


def test_keys_that_exclude_each_other_select_nothing(catalogue: Catalogue) -> None:
    assert combinations(catalogue, "server=granian-wsgi", "app=bare-asgi") == []


@pytest.mark.parametrize("argument", ["", "server", "granian", "Server=granian", "=granian", "servers=granian", " =*"])
def test_an_unknown_key_or_a_missing_glob_is_refused(catalogue: Catalogue, argument: str) -> None:
    with pytest.raises(InputError) as raised:
        Filters.parse([argument], catalogue)
    assert str(raised.value) == f"--only {argument}: must be KEY=GLOB with KEY one of {KEYS}"


@pytest.mark.parametrize("key", ["server", "app", "topology", "protocol", "profile"])
@pytest.mark.parametrize("glob", ["", "nobody", "nobody*", "[", "ALB=x"])
def test_a_glob_that_matches_nothing_is_refused(catalogue: Catalogue, key: str, glob: str) -> None:
    with pytest.raises(InputError) as raised:
        Filters.parse([f"{key}={glob}"], catalogue)
    message = str(raised.value)
    assert message.startswith(f"--only {key}={glob}: {key}: {glob!r} matches nothing; expected one of ")
    assert message.splitlines() == [message]


def test_the_refusal_lists_the_known_names(catalogue: Catalogue) -> None:
    with pytest.raises(InputError) as raised:
        Filters.parse(["topology=elb"], catalogue)
    known = ", ".join(catalogue.topologies)
    assert str(raised.value) == f"--only topology=elb: topology: 'elb' matches nothing; expected one of {known}"


@pytest.mark.parametrize(
    ("only", "why"),
    [
        (("topology=alb",), ""),
        (
            ("server=granian", "topology=alb-http2", "protocol=h2"),
            "--only topology=alb-http2 matches no cell of the matrix; its topologies are direct, alb",
        ),
        (
            ("app=django", "app=fastapi", "server=granian"),
            "--only app=django --only app=fastapi match no cell of the matrix; its apps are bare-asgi, bare-wsgi",
        ),
        (
            ("protocol=h2", "server=*-wsgi", "app=bare-asgi"),
            "--only app=bare-asgi matches no cell that passes --only protocol=h2 --only server=*-wsgi; "
            "their app is bare-wsgi",
        ),
    ],
)
def test_the_filter_that_leaves_nothing_is_named_with_the_values_that_exist(
    catalogue: Catalogue, only: tuple[str, ...], why: str
) -> None:
    wanted = matrix(servers=("granian",), topologies=("direct", "alb"))
    unfiltered = planned(catalogue, wanted)
    every = [found.combination for found in (*unfiltered.cells, *unfiltered.skips)]
    assert Filters.parse(only, catalogue).why_none(every) == why
    kept = planned(catalogue, wanted, *only)
    assert bool(kept.cells or kept.skips) == (why == "")
