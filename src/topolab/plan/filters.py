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
    """`--only`, with globs expanded to names. A combination must match one of the names of every key.

    `given` has the arguments of each key as they were written.
    """

    accepted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def parse(cls, arguments: Iterable[str], catalogue: Catalogue) -> Filters:
        """Parse `KEY=GLOB` arguments. Raises `InputError` for an unknown key or a glob that matches nothing."""
        accepted: dict[str, frozenset[str]] = {}
        given: dict[str, tuple[str, ...]] = {}
        for argument in arguments:
            key, equals, glob = argument.partition("=")
            if not equals or key not in DIMENSIONS:
                keys = ", ".join(DIMENSIONS)
                raise InputError(f"--only {argument}: must be KEY=GLOB with KEY one of {keys}")
            names = DIMENSIONS[key].filter_names(catalogue)
            # If a key accepts any value, only the plan knows which values there are.
            found = [glob] if names is None else matching((glob,), names, f"--only {argument}", key)
            accepted[key] = accepted.get(key, frozenset()).union(found)
            given[key] = (*given.get(key, ()), f"--only {argument}")
        return cls(accepted, given)

    def accept(self, combination: Combination) -> bool:
        """Whether a combination passes the filter of every key."""
        return all(self._accepts(key, combination) for key in self.accepted)

    def why_none(self, combinations: Iterable[Combination]) -> str:
        """Why no combination passes: the filter that matches none of them, or none that passes those before it.

        Also says which values there are instead. Empty if some combination passes.
        """
        every = list(combinations)
        for key in self.accepted:
            if not any(self._accepts(key, combination) for combination in every):
                return f"{self._match(key)} no cell of the matrix; its {_values(key, every)}"
        left = every
        before: list[str] = []
        for key in self.accepted:
            kept = [combination for combination in left if self._accepts(key, combination)]
            if not kept:
                return f"{self._match(key)} no cell that passes {' '.join(before)}; their {_values(key, left)}"
            left = kept
            before += self.given[key]
        return ""

    def _accepts(self, key: str, combination: Combination) -> bool:
        value = DIMENSIONS[key].name(combination)
        return any(fnmatchcase(value, name) for name in self.accepted[key])

    def _match(self, key: str) -> str:
        return f"{' '.join(self.given[key])} {'matches' if len(self.given[key]) == 1 else 'match'}"


def _values(key: str, combinations: Iterable[Combination]) -> str:
    """The values that some combinations have, such as `topologies are direct, alb`."""
    dimension = DIMENSIONS[key]
    values = dict.fromkeys(dimension.name(combination) for combination in combinations)
    return f"{dimension.plural} are {', '.join(values)}" if len(values) > 1 else f"{key} is {''.join(values)}"


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
