"""Refuses placeholders that no launch has a value for, in TOML files and in proxies' templates."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from topolab.catalogue.reading import refuse
from topolab.launch import apps, binaries, proxies, servers
from topolab.launch.tables import placeholders
from topolab.model.proxy import Proxy
from topolab.model.server import App, Server
from topolab.model.topology import Topology


def check_server_placeholders(shown_as: str, server: Server) -> None:
    """Require known placeholders in every part of a server's command line."""
    _check_words(shown_as, "command", server.command, servers.PLACEHOLDERS)
    for index, variant in enumerate(server.variants):
        where = f"variants[{index}]"
        _check_words(shown_as, f"{where}.argv", variant.argv, servers.PLACEHOLDERS)
        _check_word(shown_as, f"{where}.app_argument", variant.app_argument, servers.PLACEHOLDERS)
        for transport, listener in variant.listeners.items():
            _check_words(shown_as, f"{where}.listeners.{transport}.argv", listener.argv, servers.PLACEHOLDERS)


def check_companion_placeholders(shown_as: str, app: App) -> None:
    """Require known placeholders in companions' commands. Only the one that uses `{port}` may use `{host}`."""
    for index, companion in enumerate(app.companions):
        known = apps.LISTENER_PLACEHOLDERS if companion.listens else apps.PLACEHOLDERS
        _check_words(shown_as, f"companions[{index}].command", companion.command, known)


def check_proxy_placeholders(shown_as: str, proxy: Proxy) -> None:
    """Require known placeholders in a proxy's words, and names in `[placeholders]` that templates can use."""
    _check_words(shown_as, "command", proxy.command, proxies.PLACEHOLDERS)
    _check_words(shown_as, "argv_as_root", proxy.argv_as_root, proxies.PLACEHOLDERS)
    for name, word in proxy.placeholders.items():
        if proxies.template_placeholders(f"${{{name}}}") != [name]:
            expected = "expected a name of upper-case letters, digits and underscores, as templates use"
            refuse(shown_as, f"placeholders.{name}", expected)
        _check_word(shown_as, f"placeholders.{name}", word, proxies.PLACEHOLDERS)
    if proxy.binary is not None:
        _check_word(shown_as, "binary.package_file", proxy.binary.package_file, binaries.PLACEHOLDERS)


def check_template_placeholders(root: Path, shown_as: str, topology: Topology, proxy: Proxy) -> None:
    """Require that a topology's template uses all of its `[values]`, and that all it uses have a value."""
    file = f"{topology.proxy}/{topology.template}"
    try:
        text = (root / file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        refuse(shown_as, "template", f"{file} cannot be read as text: {error}")
    used = proxies.template_placeholders(text)
    for name in topology.values:
        if name not in used:
            refuse(shown_as, f"values.{name}", f"{file} does not use it; expected one of {_listed(used)}")
    known = [*proxy.placeholders, *topology.values]
    for name in used:
        if name not in known:
            expected = f"expected one of {_listed(known)}, or a value for it in [values] of {shown_as}"
            refuse(file, f"${{{name}}}", f"is unknown; {expected}")


def _check_words(shown_as: str, key: str, words: Iterable[str], known: Collection[str]) -> None:
    for index, word in enumerate(words):
        _check_word(shown_as, f"{key}[{index}]", word, known)


def _check_word(shown_as: str, key: str, word: str, known: Collection[str]) -> None:
    for name in placeholders(word):
        if name not in known:
            expected = _listed(f"{{{each}}}" for each in known)
            refuse(shown_as, key, f"{{{name}}} is unknown here; expected one of {expected}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "(none)"
