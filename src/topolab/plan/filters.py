"""Names and globs: how a matrix and `--only KEY=GLOB` choose from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from topolab.catalogue import Catalogue
from topolab.errors import InputError
from topolab.model.combination import DIMENSIONS, Combination


@dataclass(frozen=True, slots=True)
class Filters:
    """`--only`, with its globs replaced by names. A combination must match any name of every key."""

    accepted: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, arguments: Iterable[str], catalogue: Catalogue) -> Filters:
        """From `KEY=GLOB` arguments. Raises `InputError` for an unknown key or a glob without a match."""
        accepted: dict[str, frozenset[str]] = {}
        for argument in arguments:
            key, equals, glob = argument.partition("=")
            if not equals or key not in DIMENSIONS:
                keys = ", ".join(DIMENSIONS)
                raise InputError(f"--only {argument}: must be KEY=GLOB with KEY one of {keys}")
            names = DIMENSIONS[key].filter_names(catalogue)
            # Where any value will do, only the plan knows which there are.
            found = [glob] if names is None else matching((glob,), names, f"--only {argument}", key)
            accepted[key] = accepted.get(key, frozenset()).union(found)
        return cls(accepted)

    def accept(self, combination: Combination) -> bool:
        """Whether a combination passes every key."""
        return all(
            any(fnmatchcase(DIMENSIONS[key].name(combination), name) for name in names)
            for key, names in self.accepted.items()
        )


def matching(globs: Iterable[str], names: Mapping[str, tuple[str, ...]], where: str, what: str) -> list[str]:
    """The names with a spelling that any of the globs matches, in the order of the globs and then of `names`.

    Raises `InputError` for a glob that matches nothing, because it is a typo.
    """
    chosen: dict[str, None] = {}
    for glob in globs:
        found = [name for name, spellings in names.items() if any(fnmatchcase(text, glob) for text in spellings)]
        if not found:
            raise InputError(f"{where}: {what}: nothing is called {glob!r}; there are {', '.join(names)}")
        chosen.update(dict.fromkeys(found))
    return list(chosen)
