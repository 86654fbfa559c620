"""Finds the drivers of a catalogue, and checks the fields of their descriptors, which are Python and so unchecked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from annotated_types import Ge, Le, MinLen, Predicate
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from topolab.catalogue.reading import declared_files, refuse, shortened
from topolab.drivers.descriptor import Descriptor
from topolab.drivers.foreign import DESCRIPTOR_FILE
from topolab.errors import InputError
from topolab.model.declared import DAY_S, Name, Text
from topolab.model.profile import LoadProfile
from topolab.model.protocol import ClientProtocol

_STRICT = ConfigDict(strict=True)
_KINDS = tuple(get_args(get_type_hints(load)["kind"])[0] for load in get_args(LoadProfile))
_FUNCTION: tuple[Any, str] = (Callable[..., Any], "a function")
_TEXT: tuple[Any, str] = (str, "a text")
_TEXTS: tuple[Any, str] = (tuple[Text, ...], "a tuple of texts that are not empty, such as ('spam',)")
FIELDS: Mapping[str, tuple[Any, str]] = {
    "name": (Name, "a text of lower-case letters, digits, and single hyphens between them"),
    "kinds": (
        Annotated[frozenset[Annotated[str, Predicate(_KINDS.__contains__)]], MinLen(1)],
        f"a frozenset of load kinds ({', '.join(_KINDS)})",
    ),
    "refusals": (
        Mapping[Annotated[ClientProtocol, Field(strict=False)], Text],
        f"a dict of client protocols ({', '.join(ClientProtocol)}), each with the reason as a text",
    ),
    "h2_alone_refusal": _TEXT,
    "check": _FUNCTION,
    "start_up_s": (
        Annotated[float, Ge(0), Le(DAY_S), Field(allow_inf_nan=False)],
        f"a number of seconds from 0 to {DAY_S:.0f}",
    ),
    "longest_s": _FUNCTION,
    "visits": (bool, "True or False"),
    "reading": _TEXT,
    "image": (Text, "a text that is not empty"),
    "packages": _TEXTS,
    "files": (
        tuple[Annotated[Text, Predicate(lambda pattern: not pattern.startswith("/"))], ...],
        "a tuple of patterns relative to the catalogue, such as ('loadtest/*.py',)",
    ),
    "missing": _FUNCTION,
    "image_version": _TEXTS,
    "local_version": (Callable[..., Any] | None, "a function or None"),
}
"""The type that each field must have, and the same in words."""


def descriptor_files(root: Path) -> list[Path]:
    """The descriptors in `drivers/`. Raises `InputError` for a folder with Python files but without a descriptor."""
    folders: dict[Path, list[str]] = {}
    for path in declared_files(root, "drivers/*/*.py"):
        if path.parent.name != "__pycache__":
            folders.setdefault(path.parent, []).append(path.name)
    for folder, names in folders.items():
        if DESCRIPTOR_FILE not in names:
            found = f"has no {DESCRIPTOR_FILE}, only {', '.join(names)}"
            raise InputError(f"drivers/{folder.name}: {found}; a driver is described in its {DESCRIPTOR_FILE}")
    return [folder / DESCRIPTOR_FILE for folder in folders]


def check_descriptor(shown_as: str, driver: Descriptor) -> None:
    """Require that every field has its type."""
    for field, (kind, expected) in FIELDS.items():
        value = getattr(driver, field)
        try:
            TypeAdapter(kind, config=_STRICT).validate_python(value)
        except ValidationError:
            refuse(shown_as, field, f"must be {expected}, not {shortened(value)}")
