"""Proxies: a prefix with the filled-in template and its files, and the argv to run there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from topolab.launch.binaries import find_binary
from topolab.launch.program import Launch, Place, inherited
from topolab.launch.root import PROXY_FILE, proxy_folders
from topolab.launch.tables import LaunchError, Table, fill, need, read_table
from topolab.launch.topologies import find_topology

_CERT, _KEY = "chain.pem", "key.pem"
_SCHEMES = {"cleartext": "http", "tls": "https"}
_TEMPLATE_PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_OPTIONS = ("host", "port", "server_host", "server_port", "server_name", "cert", "key")
PLACEHOLDERS = ("binary", "python", "folder", *_OPTIONS, "server_scheme", "user")
"""What the words of a proxy's command, and the values of its `[placeholders]`, may use."""


@dataclass(frozen=True)
class ProxyRequest:
    """A topology's proxy: where it listens, where the server is, and its certificate; empty means not given."""

    topology: str
    listener: str
    host: str = ""
    port: str = ""
    server_host: str = ""
    server_port: str = ""
    server_name: str = ""
    cert: str = ""
    key: str = ""
    binary: str = ""


@dataclass(frozen=True)
class ProxyLaunch:
    """How to start a proxy, with the prefix as its working directory, and the files that go below the prefix.

    `texts` has contents and `links` has targets, by fixed relative names: configurations contain no absolute paths.
    """

    launch: Launch
    texts: Mapping[str, str]
    links: Mapping[str, str]

    def write(self, prefix: Path) -> None:
        """Create the prefix and its files."""
        prefix.mkdir(parents=True, exist_ok=True)
        for name, text in self.texts.items():
            (prefix / name).parent.mkdir(parents=True, exist_ok=True)
            (prefix / name).write_text(text, encoding="utf-8")
        for name, target in self.links.items():
            (prefix / name).parent.mkdir(parents=True, exist_ok=True)
            (prefix / name).unlink(missing_ok=True)
            (prefix / name).symlink_to(target)


def find_proxy(root: Path, topology: str) -> tuple[str, Table, str, Table]:
    """Return a topology's file and table, and its proxy's. Raises `LaunchError` if it has none."""
    topology_file, declared = find_topology(root, topology)
    name = declared.get("proxy")
    if not name:
        raise LaunchError(f"{topology}: this topology has no proxy; choose one whose TOML has a `proxy` key")
    if name not in proxy_folders(root):
        raise LaunchError(f"{topology_file}: proxy: no folder {name} with a {PROXY_FILE}")
    file = f"{name}/{PROXY_FILE}"
    return topology_file, declared, file, read_table(root, file)


def launch_proxy(root: Path, request: ProxyRequest, place: Place, outer: Mapping[str, str]) -> ProxyLaunch:
    """Return how to start a proxy, from the tables in `root` and the environment `outer`. Raises `LaunchError`."""
    _, topology, file, proxy = find_proxy(root, request.topology)
    folder = file.partition("/")[0]
    if request.listener not in _SCHEMES:
        raise LaunchError(f"--listener {request.listener}: must be one of {', '.join(_SCHEMES)}")
    said = {name: getattr(request, name) for name in _OPTIONS}
    values = {
        **{name: value for name, value in said.items() if value},
        **({"cert": _CERT} if request.cert else {}),
        **({"key": _KEY} if request.key else {}),
        "server_scheme": _SCHEMES[request.listener],
        "python": place.python,
        "folder": f"{place.root}/{folder}",
        "user": place.superuser,
    }
    words: list[str] = [*need(file, proxy, "command"), *(proxy.get("argv_as_root", []) if place.superuser else [])]
    if any("{binary}" in word for word in (*words, *proxy.get("placeholders", {}).values())):
        values["binary"] = request.binary or find_binary(file, proxy, outer)
    texts = {}
    if topology.get("template"):
        texts[need(file, proxy, "configuration")] = _render(root, file, topology, proxy, values)
    given = {_CERT: request.cert, _KEY: request.key, str(proxy.get("log", "")): "/dev/stderr"}
    includes = {name: f"{place.root}/{folder}/{name}" for name in proxy.get("includes", [])}
    links = {**{name: target for name, target in given.items() if name and target}, **includes}
    argv = tuple(_fill_word(file, word, values) for word in words)
    return ProxyLaunch(Launch(argv, inherited(outer)), texts, links)


def ends_tls(root: Path, topology: str) -> bool:
    """Return whether a topology's proxy uses a certificate's key. Raises `LaunchError` if there is no proxy."""
    _, declared, file, proxy = find_proxy(root, topology)
    used = " ".join(need(file, proxy, "command"))
    if declared.get("template"):
        text = ((root / file).parent / declared["template"]).read_text(encoding="utf-8")
        used += " ".join(proxy.get("placeholders", {}).get(name, "") for name in template_placeholders(text))
    return "{key}" in used


def template_placeholders(text: str) -> list[str]:
    """Return the names of a template's `${PLACEHOLDERS}`, each once. Other `$` and braces belong to the proxy."""
    return list(dict.fromkeys(_TEMPLATE_PLACEHOLDER.findall(text)))


def render(template: Path, values: Mapping[str, str], unsaid: Mapping[str, str]) -> str:
    """Return the template with every `${PLACEHOLDER}` filled in; lower-case variables belong to the proxy.

    `unsaid` names the option that gives a placeholder its value.
    """
    try:
        text = template.read_text(encoding="utf-8")
    except OSError as error:
        raise LaunchError(f"{template.name}: {error.strerror}") from error
    for name in template_placeholders(text):
        if name in unsaid:
            raise LaunchError(f"{template.name}: ${{{name}}} has no value; give --{_option(unsaid[name])}")
        if name not in values:
            raise LaunchError(f"{template.name}: ${{{name}}} is unknown; expected one of {_listed(values)}")
    return _TEMPLATE_PLACEHOLDER.sub(lambda found: values[found[1]], text)


def _render(root: Path, file: str, topology: Table, proxy: Table, values: Mapping[str, str]) -> str:
    declared: dict[str, str] = proxy.get("placeholders", {})
    unsaid = {
        name: option
        for name, word in declared.items()
        for option in _OPTIONS
        if f"{{{option}}}" in word and option not in values
    }
    filled = {
        name: fill(file, f"placeholders.{name}", word, values) for name, word in declared.items() if name not in unsaid
    }
    template = (root / file).parent / topology["template"]
    return render(template, {**filled, **topology.get("values", {})}, unsaid)


def _fill_word(file: str, word: str, values: Mapping[str, str]) -> str:
    for option in _OPTIONS:
        if f"{{{option}}}" in word and option not in values:
            raise LaunchError(f"{file}: command: uses {{{option}}}; give --{_option(option)}")
    return fill(file, "command", word, values)


def _option(name: str) -> str:
    return {"host": "edge-host", "port": "edge-port"}.get(name, name.replace("_", "-"))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"${{{name}}}" for name in names) or "(none)"
