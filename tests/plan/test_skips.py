"""A combination that cannot exist is skipped, with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.planning import ALL, matrix, planned, reason
from topolab.catalogue import Catalogue


@pytest.mark.parametrize(
    ("server", "topology", "protocol", "expected"),
    [
        (
            "uvicorn-httptools",
            "nlb-tcp",
            "h2",
            "uvicorn-httptools does not speak HTTP/2: the nlb-tcp hop would be HTTP/1.1",
        ),
        (
            "uvicorn-httptools",
            "direct",
            "h2",
            "uvicorn-httptools does not speak HTTP/2: a direct hop would be HTTP/1.1",
        ),
        (
            "uvicorn-httptools",
            "direct",
            "h2c",
            "uvicorn-httptools does not speak HTTP/2 in cleartext: a direct hop would be HTTP/1.1",
        ),
        (
            "uvicorn-httptools",
            "alb-http2",
            "h2",
            "uvicorn-httptools does not speak HTTP/2 in cleartext: the alb-http2 hop would be HTTP/1.1",
        ),
        (
            "gunicorn-meinheld",
            "direct",
            "http/1.1",
            "gunicorn-meinheld has no TLS listener: a direct hop needs HTTP/1.1 over TLS",
        ),
        (
            "gunicorn-meinheld",
            "nlb-tcp",
            "h2",
            "gunicorn-meinheld has no TLS listener: the nlb-tcp hop needs HTTP/2 over TLS",
        ),
        ("granian-asgi", "direct", "h3", "granian-asgi does not speak HTTP/3"),
        ("gunicorn-meinheld", "direct", "h3", "gunicorn-meinheld does not speak HTTP/3"),
        ("hypercorn-asyncio", "alb", "h3", "alb: the load balancer does not speak HTTP/3"),
    ],
)
def test_the_reason_names_the_impossible_hop(
    catalogue: Catalogue, server: str, topology: str, protocol: str, expected: str
) -> None:
    assert reason(catalogue, server, topology, protocol) == expected


def test_an_app_without_the_servers_interface_is_skipped(catalogue: Catalogue) -> None:
    found = reason(catalogue, "gunicorn-sync", "direct", "http/1.1", app="fastapi")
    assert found == "gunicorn-sync needs a WSGI app; fastapi has no WSGI entry point"


def test_an_app_that_cannot_use_the_servers_async_library_is_skipped(catalogue: Catalogue) -> None:
    found = reason(catalogue, "hypercorn-trio", "direct", "h2", app="django")
    assert found == "hypercorn-trio runs apps on trio, which django does not support"


def test_alb_http2_answers_an_http1_client_with_464(catalogue: Catalogue) -> None:
    assert "464" in reason(catalogue, "granian-asgi", "alb-http2", "http/1.1")


@pytest.mark.parametrize(
    ("topology", "protocol"),
    [("nlb-tls-none", "h2"), ("nlb-tls-http1only", "h2"), ("nlb-tls-http2only", "http/1.1")],
)
def test_a_protocol_the_alpn_policy_does_not_negotiate_is_skipped(
    catalogue: Catalogue, topology: str, protocol: str
) -> None:
    assert reason(catalogue, "granian-asgi", topology, protocol).startswith(f"{topology}: the policy ")


def test_a_refused_protocol_is_skipped_with_the_topologys_reason(catalogue: Catalogue) -> None:
    plan = planned(catalogue, matrix(("granian-asgi",)))
    refused = {
        (topology.name, client): f"{topology.name}: {text}"
        for topology in catalogue.topologies.values()
        for client, text in topology.refusals.items()
    }
    told = {(skip.combination.topology, skip.combination.client_protocol): skip.reason for skip in plan.skips}
    assert refused
    assert {key: told[key] for key in refused} == refused


def test_every_reason_is_one_line_and_names_its_cause(catalogue: Catalogue) -> None:
    for skip in planned(catalogue, matrix(apps=ALL, profiles=ALL)).skips:
        assert skip.reason.splitlines() == [skip.reason]
        driver = catalogue.profiles[skip.combination.profile].driver
        assert skip.reason.startswith((skip.combination.server, f"{skip.combination.topology}: ", f"{driver}: "))


def test_a_browser_is_skipped_where_h2_must_be_offered_alone(catalogue: Catalogue) -> None:
    wanted = matrix(
        ("granian-asgi",),
        topologies=("nlb-tls-http2optional",),
        protocols=("h2",),
        profiles=("page-24", "page-24-browser"),
    )
    plan = planned(catalogue, wanted)
    assert [cell.combination.profile for cell in plan.cells] == ["page-24"]
    assert [skip.reason for skip in plan.skips] == [
        "nlb-tls-http2optional: a browser also offers http/1.1, which is then chosen over h2"
    ]


def test_a_server_that_is_not_installed_is_skipped_with_the_reason_given(catalogue: Catalogue) -> None:
    plan = planned(catalogue, matrix(("granian-*",)), unavailable={"granian-wsgi": "granian is not installed"})
    assert {skip.reason for skip in plan.skips if skip.combination.server == "granian-wsgi"} == {
        "granian is not installed"
    }
    assert {c.combination.server for c in plan.cells} == {"granian-asgi"}


def test_a_topology_that_cannot_run_here_is_skipped_with_the_reason_given(catalogue: Catalogue) -> None:
    plan = planned(
        catalogue, matrix(("granian-asgi",), topologies=("alb", "direct")), unavailable={"alb": "nginx is too old"}
    )
    assert {skip.reason for skip in plan.skips if skip.combination.topology == "alb"} == {"nginx is too old"}
    assert {c.combination.topology for c in plan.cells} == {"direct"}


def test_an_app_that_cannot_run_here_is_skipped_with_the_reason_given(catalogue: Catalogue) -> None:
    wanted = matrix(("granian-wsgi",), apps=("bare", "django-celery"))
    plan = planned(catalogue, wanted, unavailable={"django-celery": "its broker is not here"})
    assert {skip.reason for skip in plan.skips if skip.combination.app == "django-celery"} == {"its broker is not here"}
    assert {c.combination.app for c in plan.cells} == {"bare"}


def test_a_missing_server_takes_precedence_over_other_reasons(catalogue: Catalogue) -> None:
    plan = planned(catalogue, matrix(("granian-asgi",)), unavailable={"granian-asgi": "gone"})
    assert ({skip.reason for skip in plan.skips}, plan.cells) == ({"gone"}, ())


def test_no_reason_contains_a_path_of_this_machine(catalogue: Catalogue) -> None:
    here = str(Path(__file__).parents[2])
    assert not [skip for skip in planned(catalogue, matrix()).skips if here in skip.reason]


def test_a_protocol_the_load_tool_does_not_speak_is_skipped(catalogue: Catalogue) -> None:
    found = reason(catalogue, "hypercorn-asyncio", "direct", "h3", profile="h2load-c10-n100")
    assert found == "h2load: distributions build it without HTTP/3"


def test_a_missing_load_tool_skips_only_its_own_loads(catalogue: Catalogue) -> None:
    wanted = matrix(("granian-asgi",), ("bare",), ("direct",), ("h2",), ("ceiling", "h2load-c10-n100"))
    plan = planned(catalogue, wanted, unavailable={"h2load": "no h2load here"})
    assert [cell.combination.profile for cell in plan.cells] == ["ceiling"]
    assert [(skip.combination.profile, skip.reason) for skip in plan.skips] == [("h2load-c10-n100", "no h2load here")]


def test_a_missing_tool_takes_precedence_over_its_limits(catalogue: Catalogue) -> None:
    wanted = matrix(("granian-asgi",), ("bare",), ("direct",), ("h3",), ("h2load-c10-n100",))
    (skip,) = planned(catalogue, wanted, unavailable={"h2load": "no h2load here"}).skips
    assert skip.reason == "no h2load here"
