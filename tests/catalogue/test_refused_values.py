"""An invalid value is refused in one line with the file, the key and the expectation."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from catalogue.conftest import Edit, Refusal

SERVER = "servers/granian/server.toml"
APP = "apps/bare/app.toml"
TOPOLOGY = "nginx/topologies/alb.toml"
CLOSED = "loadtest/profiles/ceiling.toml"
OPEN = "loadtest/profiles/steady.toml"
MIXED = "loadtest/profiles/mixed.toml"
PAGE = "loadtest/profiles/page-24.toml"
BROWSER = "loadtest/profiles/page-24-browser.toml"
MATRIX = "loadtest/matrices/smoke.toml"

UNKNOWN = "unknown key; check its spelling against the other files of this kind"
NAME = "must be lower-case letters, digits, and single hyphens between them, not "
URL_PATH = "must be a path that begins with / and has only printable ASCII characters, without spaces, not 'query'"
NUMBER = "input should be a valid number"
WHOLE = "input should be a valid integer"


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        (SERVER, "summary = ", 'colour = "red"\nsummary = ', "colour"),
        (SERVER, "packages = ", "package = []\npackages = ", "variants[0].package"),
        (SERVER, "protocols = ", "speaks = []\nprotocols = ", "variants[0].listeners.cleartext.speaks"),
        (APP, "packages = ", "pakages = ", "pakages"),
        (TOPOLOGY, 'transport = "cleartext" }', 'transport = "cleartext", port = 1 }', "routes[0].server[0].port"),
        (TOPOLOGY, "mimics = ", "mimicks = ", "mimicks"),
        (MIXED, "spread_s = ", "rate_per_s = 1.0\nspread_s = ", "slow.rate_per_s"),
        (OPEN, "[http1]", "[slow]\nin_flight = 1\n[http1]", "slow"),
        (MATRIX, "rounds = ", "seed = 1\nrounds = ", "seed"),
        (MATRIX, "servers = ", "server = []\nservers = ", "select[0].server"),
    ],
)
def test_an_unknown_key(edit: Edit, refusal: Refusal, file: str, old: str, new: str, key: str) -> None:
    edit(file, old, new)
    assert refusal() == f"{file}: {key}: {UNKNOWN}"


@pytest.mark.parametrize(
    ("file", "old", "key"),
    [
        (SERVER, 'name = "granian"\n', "name"),
        (SERVER, 'packages = ["granian"]\n', "variants[1].packages"),
        (MIXED, "in_flight = 16\n", "slow.in_flight"),
        (MATRIX, "rounds = 1\n", "rounds"),
        (MATRIX, 'apps = ["bare"]\n', "select[0].apps"),
    ],
)
def test_a_missing_key(edit: Edit, refusal: Refusal, file: str, old: str, key: str) -> None:
    edit(file, old, "")
    assert refusal() == f"{file}: {key}: missing; this key is required"


def test_a_misspelt_required_key_is_named_as_written(edit: Edit, refusal: Refusal) -> None:
    edit(SERVER, "summary = ", "sumary = ")
    assert refusal() == f"{SERVER}: sumary: {UNKNOWN}"


def test_the_key_in_a_profile_is_named_as_the_file_writes_it(edit: Edit, refusal: Refusal) -> None:
    edit(OPEN, "500.0", "0.0")
    assert refusal() == f"{OPEN}: rate_per_s: input should be greater than or equal to 0.001, not 0.0"


@pytest.mark.parametrize("new", ["", 'kind = "wild"\n'])
def test_a_profile_without_a_kind(edit: Edit, refusal: Refusal, new: str) -> None:
    edit(OPEN, 'kind = "open"\n', new)
    assert refusal().startswith(f"{OPEN}: kind: ")


def test_a_key_with_a_line_break(edit: Edit, refusal: Refusal) -> None:
    edit(APP, "summary = ", '"sum\\nmary" = 1\nsummary = ')
    refusal()


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "expected"),
    [
        (SERVER, 'name = "granian"', "name = 3", "name", "input should be a valid string, not 3"),
        (SERVER, 'interfaces = ["wsgi"]', 'interfaces = "wsgi"', "variants[1].interfaces", "valid array, not 'wsgi'"),
        (SERVER, 'packages = ["granian"]', "packages = [1]", "variants[1].packages[0]", "valid string, not 1"),
        (SERVER, 'interfaces = ["wsgi"]', 'interfaces = ["rsgi"]', "variants[1].interfaces[0]", "'asgi' or 'wsgi'"),
        (SERVER, "listeners.cleartext", "listeners.plain", "variants[0].listeners.plain", "'cleartext', 'tls' or"),
        (OPEN, "500.0", '"fast"', "rate_per_s", f"{NUMBER}, not 'fast'"),
        (OPEN, "500.0", "true", "rate_per_s", f"{NUMBER}, not True"),
        (OPEN, "connections = 32", "connections = true", "http1.connections", f"{WHOLE}, not True"),
        (OPEN, "connections = 32", "connections = 32.0", "http1.connections", f"{WHOLE}, not 32.0"),
        (
            OPEN,
            'driver = "curl"',
            'driver = "wget"',
            "driver",
            "must be one that makes open loads (curl, sockets), not 'wget'",
        ),
        (OPEN, "/query?id=topolab", "query", "path", URL_PATH),
        (MATRIX, "rounds = 1", 'rounds = "1"', "rounds", f"{WHOLE}, not '1'"),
        (MATRIX, "rounds = 1", "rounds = true", "rounds", f"{WHOLE}, not True"),
        (MATRIX, "rounds = 1", "rounds = 1.5", "rounds", f"{WHOLE}, not 1.5"),
        (MATRIX, "[[select]]", "[select]", "select", "valid array"),
        (TOPOLOGY, "template = ", "h2_alone = 1\ntemplate = ", "h2_alone", UNKNOWN),
    ],
)
def test_a_value_of_the_wrong_type(
    edit: Edit, refusal: Refusal, file: str, old: str, new: str, key: str, expected: str
) -> None:
    edit(file, old, new)
    assert_says(refusal(), file, key, expected)


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "expected"),
    [
        (OPEN, "500.0", "-1.0", "rate_per_s", "input should be greater than or equal to 0.001, not -1.0"),
        (OPEN, "500.0", "0.0", "rate_per_s", "input should be greater than or equal to 0.001, not 0.0"),
        (OPEN, "500.0", "nan", "rate_per_s", "input should be a finite number, not nan"),
        (OPEN, "500.0", "inf", "rate_per_s", "input should be a finite number, not inf"),
        (OPEN, "500.0", "-inf", "rate_per_s", "input should be a finite number, not -inf"),
        (OPEN, "500.0", "1e400", "rate_per_s", "input should be a finite number, not inf"),
        (OPEN, "warm_up_s = 0.5", "warm_up_s = -0.1", "warm_up_s", "greater than or equal to 0, not -0.1"),
        (CLOSED, "duration_s = 0.6", "duration_s = 0", "duration_s", "input should be greater than 0, not 0"),
        (PAGE, "requests = 24", "requests = 0", "requests", "input should be greater than 0, not 0"),
        (PAGE, "timeout_s = 100.0", "timeout_s = nan", "timeout_s", "input should be a finite number, not nan"),
        (OPEN, "connections = 32", "connections = 0", "http1.connections", "greater than 0, not 0"),
        (MIXED, "in_flight = 16", "in_flight = 0", "slow.in_flight", "greater than 0, not 0"),
        (MIXED, "spread_s = 1.0", "spread_s = -1.0", "slow.spread_s", "greater than or equal to 0, not -1.0"),
        (MATRIX, "rounds = 1", "rounds = 0", "rounds", "greater than or equal to 1, not 0"),
        (MATRIX, "rounds = 1", "rounds = -2", "rounds", "greater than or equal to 1, not -2"),
        (MATRIX, "rounds = 1", "rounds = 1\naa_pairs = -1", "aa_pairs", "greater than or equal to 0, not -1"),
    ],
)
def test_a_number_out_of_bounds(
    edit: Edit, refusal: Refusal, file: str, old: str, new: str, key: str, expected: str
) -> None:
    edit(file, old, new)
    assert_says(refusal(), file, key, expected)


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        (SERVER, "summary = ", 'summary = "" # ', "summary"),
        (SERVER, '"{workers}",', '"",', "command[8]"),
        (SERVER, 'interfaces = ["wsgi"]', "interfaces = []", "variants[1].interfaces"),
        (SERVER, 'packages = ["granian"]', "packages = []", "variants[1].packages"),
        (SERVER, 'protocols = ["http/1.1", "h2"]', "protocols = []", "variants[0].listeners.cleartext.protocols"),
        (TOPOLOGY, '"the load balancer does not speak HTTP/3"', '""', "refusals.h3"),
        (TOPOLOGY, '[{ protocol = "http/1.1", transport = "cleartext" }]', "[]", "routes[0].server"),
        (MATRIX, 'apps = ["bare"]', "apps = []", "select[0].apps"),
        (MATRIX, 'apps = ["bare"]', 'apps = [""]', "select[0].apps[0]"),
    ],
)
def test_an_empty_text_or_list(edit: Edit, refusal: Refusal, file: str, old: str, new: str, key: str) -> None:
    edit(file, old, new)
    assert_says(refusal(), file, key, "must have at least one ")


@pytest.mark.parametrize(
    "name", ["Bare", "a b", "../x", "bare_", "-bare", "bare-", "a--b", "bäre", "a/b", "*", "bare\\n"]
)
def test_a_name_unsafe_in_an_id(edit: Edit, refusal: Refusal, name: str) -> None:
    edit(APP, 'name = "bare"', f'name = "{name}"')
    assert_says(refusal(), APP, "name", NAME)


@pytest.mark.parametrize(
    "point",
    ["bare_asgi", "bare_asgi:", ":app", "bare asgi:app", "bare-asgi:app", "a:b:c", "1a:b", "a.:b", "a..b:c", "a.1:b"],
)
def test_an_entry_point_that_is_not_module_and_attribute(edit: Edit, refusal: Refusal, point: str) -> None:
    edit(APP, "bare_asgi:app", point)
    assert_says(refusal(), APP, "entrypoints.asgi", f"must be `module:attribute`, not {point!r}")


@pytest.mark.parametrize(
    ("date", "kind"), [("2026-01-02", "date"), ("12:00:00", "time"), ("2026-01-02T03:04:05Z", "datetime")]
)
def test_a_toml_date_where_a_number_belongs(edit: Edit, refusal: Refusal, date: str, kind: str) -> None:
    edit(MATRIX, "rounds = 1", f"rounds = {date}")
    assert_says(refusal(), MATRIX, "rounds", f"no key accepts a TOML {kind}; ")


def test_a_toml_date_where_a_text_belongs(edit: Edit, refusal: Refusal) -> None:
    edit(SERVER, "summary = ", "summary = 2026-01-02 # ")
    assert_says(refusal(), SERVER, "summary", "TOML date")


def assert_says(message: str, file: str, key: str, expected: str) -> None:
    """File, key and expectation."""
    assert message.startswith(f"{file}: {key}: ")
    assert expected in message.split(f"{key}: ", 1)[1]


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ("?delay=3", "?wait=3", "path", "must be '/message/{i}?delay=S' with S from 0 to 30"),
        ("/message/{i}?delay=3", "/query?id=spam", "path", "and only these; got '/query?id=spam'"),
        ("delay=3", "delay=31", "path", "with S from 0 to 30"),
        ("egg", "eggs", "body", "which the page in the browser checks"),
        ("requests = 24", "requests = 1001", "requests", "must be at most 1000"),
    ],
)
def test_a_page_profile_that_no_browser_can_load(
    edit: Edit, refusal: Refusal, old: str, new: str, key: str, expected: str
) -> None:
    edit(BROWSER, old, new)
    assert refusal().startswith(f"{BROWSER}: {key}: must be ")
    assert expected in refusal()


PROXY = "nginx/proxy.toml"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            PROXY,
            'name = "nginx"',
            'name = "engine-x"',
            "name: must be 'nginx', the name of its folder, not 'engine-x'",
        ),
        (PROXY, "summary = ", "sumary = ", f"sumary: {UNKNOWN}"),
        (PROXY, '"alb-trace.conf"', '"absent.conf"', "includes[1]: no such file in nginx/: 'absent.conf'"),
        (PROXY, '"alb-trace.conf"', '"../x.conf"', "includes[1]: must stay inside nginx/, not '../x.conf'"),
        (PROXY, r"(\d+(?:\.\d+)+)", r"\d+", "version.pattern: expected one group, got 0"),
        (
            PROXY,
            "{system}",
            "{systm}",
            "binary.package_file: {systm} is unknown here; expected one of {system}, {machine}",
        ),
        (TOPOLOGY, 'proxy = "nginx"', 'proxy = "nignx"', "proxy: must be one of nginx, not 'nignx'"),
        (TOPOLOGY, 'proxy = "nginx"\n', "", "proxy: missing; a template needs a proxy"),
        (
            PROXY,
            'configuration = "nginx.conf"\n',
            "",
            "template: nginx/proxy.toml has no `configuration` to write it to",
        ),
    ],
)
def test_a_proxy_that_cannot_be_used(edit: Edit, refusal: Refusal, file: str, old: str, new: str, message: str) -> None:
    edit(file, old, new)
    # alb-http2 is the first topology with a template.
    shown_as = "nginx/topologies/alb-http2.toml" if message.startswith("template") else file
    assert refusal() == f"{shown_as}: {message}"


def test_a_topology_without_a_proxy_in_a_proxys_folder(root: Path, refusal: Refusal) -> None:
    shutil.move(root / "servers/topologies/direct.toml", root / "nginx/topologies/direct.toml")
    belongs = "missing, but the file is in nginx/; such a topology is in servers/topologies/"
    assert refusal() == f"nginx/topologies/direct.toml: proxy: {belongs}"


def test_a_topology_of_a_proxy_in_another_folder(root: Path, refusal: Refusal) -> None:
    shutil.move(root / "nginx/topologies/alb.toml", root / "servers/topologies/alb.toml")
    belongs = "'nginx', but the file is in servers/; such a topology is in nginx/topologies/"
    assert refusal() == f"servers/topologies/alb.toml: proxy: {belongs}"
