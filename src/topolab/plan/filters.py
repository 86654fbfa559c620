"""Names and globs: how a matrix and `--only KEY=GLOB` choose among what the catalogue has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from topolab.catalogue import Catalogue
from topolab.errors import InputError
from topolab.model.cell import Combination
from topolab.model.protocol import ClientProtocol
from topolab.model.server import Interface

_NAMES: Mapping[str, Callable[[Catalogue], Mapping[str, tuple[str, ...]]]] = {
    "server": lambda c: {name: (name, x.server.name) for name, x in c.candidates.items()},
    "app": lambda c: {f"{name}-{i}": (name, f"{name}-{i}") for name in c.apps for i in Interface},
    "topology": lambda c: {name: (name,) for name in c.topologies},
    "protocol": lambda c: {p.value: (p.value, p.short) for p in ClientProtocol},  # noqa: ARG005
    "profile": lambda c: {name: (name,) for name in c.profiles},
}
"""Per `--only` key: each thing's name, and every spelling a glob may match it by."""


@dataclass(frozen=True, slots=True)
class Filters:
    """`--only`, as the names its globs stand for: within a key any is enough, and every key has to match."""

    accepted: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, arguments: Iterable[str], catalogue: Catalogue) -> Filters:
        """From `KEY=GLOB` arguments. Raises `InputError` for an unknown key or a glob without a match."""
        accepted: dict[str, frozenset[str]] = {}
        for argument in arguments:
            key, equals, glob = argument.partition("=")
            if not equals or key not in _NAMES:
                keys = ", ".join(_NAMES)
                raise InputError(f"--only {argument}: has to be KEY=GLOB with KEY one of {keys}")
            names = matching((glob,), _NAMES[key](catalogue), f"--only {argument}", key)
            accepted[key] = accepted.get(key, frozenset()).union(names)
        return cls(accepted)

    def accept(self, combination: Combination) -> bool:
        """Whether a combination passes every key."""
        name_of = {
            "server": combination.server,
            "app": f"{combination.app}-{combination.interface}",
            "topology": combination.topology,
            "protocol": combination.client_protocol.value,
            "profile": combination.profile,
        }
        return all(name_of[key] in names for key, names in self.accepted.items())


def matching(globs: Iterable[str], names: Mapping[str, tuple[str, ...]], where: str, what: str) -> list[str]:
    """The names with a spelling that any of the globs matches, in the order of the globs and then of `names`.

    Raises `InputError` for a glob that matches nothing: a typo, not a wish.
    """
    chosen: dict[str, None] = {}
    for glob in globs:
        found = [name for name, spellings in names.items() if any(fnmatchcase(text, glob) for text in spellings)]
        if not found:
            raise InputError(f"{where}: {what}: nothing is called {glob!r}; there are {', '.join(names)}")
        chosen.update(dict.fromkeys(found))
    return list(chosen)
