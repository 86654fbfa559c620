"""The documents name the TOML table of every key that a server, a companion, a proxy or a topology can have."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields

import pytest

from support.command import ROOT
from topolab.model.proxy import Binary, Proxy, VersionCheck
from topolab.model.server import App, Companion, Listener, Server, Variant
from topolab.model.topology import Route, Topology

ADDING, EXTENDING = (
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("adding-a-server.md", "extending.md")
)
TOP = "above the first table"


def names_of(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


def rows(text: str, columns: int) -> Iterator[list[str]]:
    """The rows of the tables whose first heading is `key`."""
    for table in re.findall(r"^\| key \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE):
        for line in table.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert len(cells) == columns
            yield cells


def keys_in(text: str, table: str, file: str = "") -> set[str]:
    """The keys that the rows of this table name."""
    found = [
        row for row in rows(text, 3) if row[1 if not file else 2].startswith(table) and (not file or row[1] == file)
    ]
    return {key for row in found for key in re.findall(r"`(\w+)`", row[0])}


def test_every_key_of_a_variant_has_its_table() -> None:
    example = tomllib.loads(ADDING.partition("```toml\n")[2].partition("```")[0])
    (variant,) = example["variants"]
    assert names_of(Server) == set(example)
    assert keys_in(ADDING, "`[[variants]]`") | set(variant) == names_of(Variant)
    in_listener = keys_in(ADDING, "`[variants.listeners.tls]`")
    assert in_listener == {"packages"}
    assert in_listener | set(variant["listeners"]["tls"]) == names_of(Listener)


def test_every_key_of_a_companion_has_its_table() -> None:
    section = ADDING.partition("\n## An app that hands work over\n")[2]
    sentences = section.partition("`[[companions]]` in `app.toml`")[2].partition("`python_path`")
    assert set(re.findall(r"`(\w+)`", sentences[0])) == names_of(Companion)
    for key in ("start_timeout_s", "python_path"):
        assert key in names_of(App)
        assert re.search(rf"`{key}`[^.]*(`app.toml` above its first table|above the first table of `app.toml`)", ADDING)


@pytest.mark.parametrize(
    ("file", "table", "kind", "tables"),
    [
        ("`proxy.toml`", TOP, Proxy, {"placeholders", "binary", "version"}),
        ("`proxy.toml`", "`[binary]`", Binary, set()),
        ("`proxy.toml`", "`[version]`", VersionCheck, set()),
        ("`topologies/*.toml`", TOP, Topology, {"values", "refusals", "routes"}),
        ("`topologies/*.toml`", "`[[routes]]`", Route, set()),
    ],
)
def test_every_key_of_a_proxy_and_its_topologies_has_its_table(
    file: str, table: str, kind: type, tables: set[str]
) -> None:
    assert keys_in(EXTENDING, table, file) | tables == names_of(kind)
    for name in tables:
        assert [row for row in rows(EXTENDING, 3) if row[1] == file and re.match(rf"`\[+{name}\]+`", row[2])]
