"""A combination, and the dimensions it is made of: one list that ids, filters, plans and reports read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import not_
from typing import Annotated, Protocol

from pydantic import Field

from topolab.model.protocol import ClientProtocol
from topolab.model.server import Interface, Server

Value = int | str
"""A value of a setting."""
Spellings = Mapping[str, tuple[str, ...]]
"""Names, each with every text that a glob may match it by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """Server variant x app x interface x topology x client protocol x load profile, by name.

    `settings` has the values that differ from the default, by the key of the setting.
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
        """Unique in a run, and stable from run to run. A replica is the second half of an A/A pair."""
        names = "/".join(d.in_id(self) for d in DIMENSIONS.values() if not isinstance(d, Setting))
        suffix = f"+{self.replica}" if self.replica else ""
        return ",".join((names, *self.settings_labels)) + suffix

    @property
    def settings_labels(self) -> list[str]:
        """What is set otherwise than by default, for example `workers=4`."""
        return [setting.label(self) for setting in settings() if setting.key in self.settings]


class _Candidate(Protocol):
    @property
    def server(self) -> Server: ...


class Catalogued(Protocol):
    """What has the names that a matrix chooses from: the catalogue."""

    @property
    def candidates(self) -> Mapping[str, _Candidate]:
        """Servers in each variant."""

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

    `key` is its name in `--only`, `plural` its name in a matrix. `fields` are its names in a combination, which are
    also its columns in results.csv and its keys in results.json.
    """

    key: str
    plural: str
    fields: tuple[str, ...]

    @abstractmethod
    def names(self, catalogue: Catalogued) -> Spellings | None:
        """What a matrix's globs choose from; None where any value will do."""

    def filter_names(self, catalogue: Catalogued) -> Spellings | None:
        """What the globs of `--only` choose from, where it is finer."""
        return self.names(catalogue)

    def name(self, combination: Combination) -> str:
        """The combination's value, as `filter_names` has it."""
        return str(getattr(combination, self.fields[0]))

    def in_id(self, combination: Combination) -> str:
        """The value as an id writes it."""
        return self.name(combination)

    def label(self, combination: Combination) -> str:
        """The value as a report writes it next to those of other dimensions."""
        return self.in_id(combination)

    def columns(self, combination: Combination) -> dict[str, object]:
        """The value in results.csv and results.json, by column."""
        return {name: str(getattr(combination, name)) for name in self.fields}


class _Servers(Dimension):
    def names(self, catalogue: Catalogued) -> Spellings:
        return {name: (name, candidate.server.name) for name, candidate in catalogue.candidates.items()}


class _Apps(Dimension):
    """The app, and the interface to it, which follows from the app and the server."""

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
    """A dimension with a default. Ids, labels and files show it only where a combination has another value.

    A matrix need not mention it. What acts on it asks it for the `value` of a combination.
    """

    default: Value

    def names(self, catalogue: Catalogued) -> None:
        """None: any value will do."""

    def value(self, combination: Combination) -> Value:
        """The combination's value."""
        return combination.settings.get(self.key, self.default)

    def name(self, combination: Combination) -> str:
        """The value as a text."""
        return str(self.value(combination))

    def label(self, combination: Combination) -> str:
        """`key=value`, or nothing for the default."""
        return f"{self.key}={self.value(combination)}" if self.key in combination.settings else ""

    def columns(self, combination: Combination) -> dict[str, object]:
        """The value, the default included."""
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
    """The dimensions that the files about these combinations show: settings only where one is not the default."""
    used = {key for combination in combinations for key in combination.settings}
    return [d for d in DIMENSIONS.values() if not isinstance(d, Setting) or d.key in used]


def columns(combination: Combination, dimensions: Iterable[Dimension]) -> dict[str, object]:
    """The values in results.csv and results.json, by column."""
    return {name: value for dimension in dimensions for name, value in dimension.columns(combination).items()}


def _plain(names: Iterable[str]) -> Spellings:
    return {name: (name,) for name in names}
