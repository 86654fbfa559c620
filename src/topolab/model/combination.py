"""A combination and its dimensions: one list that ids, filters, plans and reports all use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import not_
from typing import Annotated, Any, Protocol

from pydantic import Field

from topolab.model.protocol import ClientProtocol
from topolab.model.server import Interface, Server

Value = int | str
"""A value of a setting."""
Spellings = Mapping[str, tuple[str, ...]]
"""Names, each with every spelling that a glob may match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """Server variant x app x interface x topology x client protocol x load profile, by name.

    `settings` has the values that differ from the default, by setting key.
    """

    server: str
    app: str
    interface: Interface
    topology: str
    client_protocol: ClientProtocol
    profile: str
    replica: int = 0
    settings: Annotated[Mapping[str, Value], Field(exclude_if=not_)] = field(default_factory=dict, hash=False)

    @property
    def id(self) -> str:
        """Unique within a run and stable between runs. A replica is the second half of an A/A pair."""
        names = "/".join(d.in_id(self) for d in DIMENSIONS.values() if not isinstance(d, Setting))
        suffix = f"+{self.replica}" if self.replica else ""
        return ",".join((names, *self.settings_labels)) + suffix

    @property
    def settings_labels(self) -> list[str]:
        """The settings that differ from the default, for example `workers=4`."""
        return [setting.label(self) for setting in settings() if setting.key in self.settings]


class _Candidate(Protocol):
    @property
    def server(self) -> Server: ...


class Catalogued(Protocol):
    """The source of the names that a matrix chooses from: the catalogue."""

    @property
    def candidates(self) -> Mapping[str, _Candidate]:
        """The servers, in each of their variants."""

    @property
    def apps(self) -> Mapping[str, object]:
        """Apps."""

    @property
    def topologies(self) -> Mapping[str, object]:
        """Topologies."""

    @property
    def profiles(self) -> Mapping[str, object]:
        """Load profiles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension(ABC):
    """One dimension of every matrix.

    `key` is its name in `--only`, and `plural` its name in a matrix. `fields` are its names in a combination, in the
    columns of results.csv and in the keys of results.json.
    """

    key: str
    plural: str
    fields: tuple[str, ...]

    @abstractmethod
    def names(self, catalogue: Catalogued) -> Spellings | None:
        """What a matrix's globs choose from; None if any value is valid."""

    def filter_names(self, catalogue: Catalogued) -> Spellings | None:
        """What the globs of `--only` choose from, which may be finer."""
        return self.names(catalogue)

    def name(self, combination: Combination) -> str:
        """The combination's value, as `filter_names` spells it."""
        return str(getattr(combination, self.fields[0]))

    def in_id(self, combination: Combination) -> str:
        """The value as written in an id."""
        return self.name(combination)

    def label(self, combination: Combination) -> str:
        """The value as written in a report next to those of other dimensions."""
        return self.in_id(combination)

    def columns(self, combination: Combination) -> dict[str, object]:
        """The value in results.csv and results.json, by column."""
        return {name: str(getattr(combination, name)) for name in self.fields}


class _Servers(Dimension):
    def names(self, catalogue: Catalogued) -> Spellings:
        return {name: (name, candidate.server.name) for name, candidate in catalogue.candidates.items()}


class _Apps(Dimension):
    """The app and its interface, which follows from the app and the server."""

    def names(self, catalogue: Catalogued) -> Spellings:
        return _plain(catalogue.apps)

    def filter_names(self, catalogue: Catalogued) -> Spellings:
        return {f"{name}-{i}": (name, f"{name}-{i}") for name in catalogue.apps for i in Interface}

    def name(self, combination: Combination) -> str:
        return f"{combination.app}-{combination.interface}"

    def label(self, combination: Combination) -> str:
        return combination.app


class _Topologies(Dimension):
    def names(self, catalogue: Catalogued) -> Spellings:
        return _plain(catalogue.topologies)


class _Protocols(Dimension):
    def names(self, catalogue: Catalogued) -> Spellings:  # noqa: ARG002 - the same in every catalogue
        return {protocol.value: (protocol.value, protocol.short) for protocol in ClientProtocol}

    def in_id(self, combination: Combination) -> str:
        return combination.client_protocol.short


class _Profiles(Dimension):
    def names(self, catalogue: Catalogued) -> Spellings:
        return _plain(catalogue.profiles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Dimension):
    """A dimension with a default. Ids, labels and files show it only if a combination has another value.

    A matrix may omit it. Code that acts on a setting asks it for a combination's `value`. Every value must fit the
    type `accepts`, such as `Annotated[int, Ge(1)]`; without one, the type of the default.
    """

    default: Value
    accepts: Any = None

    def names(self, catalogue: Catalogued) -> None:
        """None: any value is valid."""

    def value(self, combination: Combination) -> Value:
        """The combination's value."""
        return combination.settings.get(self.key, self.default)

    def name(self, combination: Combination) -> str:
        """The value as text."""
        return str(self.value(combination))

    def label(self, combination: Combination) -> str:
        """`key=value`, or an empty string for the default."""
        return f"{self.key}={self.value(combination)}" if self.key in combination.settings else ""

    def columns(self, combination: Combination) -> dict[str, object]:
        """The value, even if it is the default."""
        return {name: self.value(combination) for name in self.fields}


SERVER = _Servers(key="server", plural="servers", fields=("server",))
APP = _Apps(key="app", plural="apps", fields=("app", "interface"))
TOPOLOGY = _Topologies(key="topology", plural="topologies", fields=("topology",))
PROTOCOL = _Protocols(key="protocol", plural="protocols", fields=("client_protocol",))
PROFILE = _Profiles(key="profile", plural="profiles", fields=("profile",))

DIMENSIONS: dict[str, Dimension] = {
    dimension.key: dimension for dimension in (SERVER, APP, TOPOLOGY, PROTOCOL, PROFILE)
}
"""Every dimension by key, in the order of ids."""


def settings() -> list[Setting]:
    """The dimensions with a default."""
    return [dimension for dimension in DIMENSIONS.values() if isinstance(dimension, Setting)]


def shown(combinations: Iterable[Combination]) -> list[Dimension]:
    """The dimensions to show in files about these combinations: settings only if a value is not the default."""
    used = {key for combination in combinations for key in combination.settings}
    return [d for d in DIMENSIONS.values() if not isinstance(d, Setting) or d.key in used]


def columns(combination: Combination, dimensions: Iterable[Dimension]) -> dict[str, object]:
    """The values in results.csv and results.json, by column."""
    return {name: value for dimension in dimensions for name, value in dimension.columns(combination).items()}


def _plain(names: Iterable[str]) -> Spellings:
    return {name: (name,) for name in names}
