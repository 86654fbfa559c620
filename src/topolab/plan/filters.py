"""Selects names from the catalogue by globs, for a matrix and for `--only KEY=GLOB`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from topolab.catalogue import Catalogue
from topolab.errors import InputError
from topolab.model.combination import DIMENSIONS, Combination


@dataclass(frozen=True, slots=True)
class Filters:
    """`--only`, with globs expanded to names. A combination must match one of the names of every key."""

    accepted: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, arguments: Iterable[str], catalogue: Catalogue) -> Filters:
        """Parse `KEY=GLOB` arguments. Raises `InputError` for an unknown key or a glob that matches nothing."""
        accepted: dict[str, frozenset[str]] = {}
        for argument in arguments:
            key, equals, glob = argument.partition("=")
            if not equals or key not in DIMENSIONS:
                keys = ", ".join(DIMENSIONS)
                raise InputError(f"--only {argument}: must be KEY=GLOB with KEY one of {keys}")
            names = DIMENSIONS[key].filter_names(catalogue)
            # If a key accepts any value, only the plan knows which values there are.
            found = [glob] if names is None else matching((glob,), names, f"--only {argument}", key)
            accepted[key] = accepted.get(key, frozenset()).union(found)
        return cls(accepted)

    def accept(self, combination: Combination) -> bool:
        """Whether a combination passes the filter of every key."""
        return all(
            any(fnmatchcase(DIMENSIONS[key].name(combination), name) for name in names)
            for key, names in self.accepted.items()
        )


def matching(globs: Iterable[str], names: Mapping[str, tuple[str, ...]], where: str, what: str) -> list[str]:
    """The names with a spelling that any glob matches, in the order of the globs, then of `names`.

    Raises `InputError` for a glob that matches nothing, which is most likely a typo.
    """
    chosen: dict[str, None] = {}
    for glob in globs:
        found = [name for name, spellings in names.items() if any(fnmatchcase(text, glob) for text in spellings)]
        if not found:
            raise InputError(f"{where}: {what}: {glob!r} matches nothing; expected one of {', '.join(names)}")
        chosen.update(dict.fromkeys(found))
    return list(chosen)
