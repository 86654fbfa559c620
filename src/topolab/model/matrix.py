"""Matrices: named sets of cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Annotated, Any

from annotated_types import Ge, Le, MinLen
from pydantic import TypeAdapter, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from topolab.model.combination import Setting, Value, settings
from topolab.model.declared import Declared, Name, Text

MAX_ROUNDS = 1_000
"""Days of measuring even for a small matrix; anything more is a typo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection(Declared):
    """A product of names (globs allowed) inside a matrix.

    In TOML, each setting's list of values is next to the names. Here they are all in `settings`, by key.
    """

    servers: Annotated[tuple[Text, ...], MinLen(1)]
    apps: Annotated[tuple[Text, ...], MinLen(1)]
    topologies: Annotated[tuple[Text, ...], MinLen(1)]
    protocols: Annotated[tuple[Text, ...], MinLen(1)]
    profiles: Annotated[tuple[Text, ...], MinLen(1)]
    settings: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_settings(cls, declared: Any) -> Any:
        if not isinstance(declared, dict):
            return declared
        if "settings" in declared:
            raise _refusal(("settings",), declared["settings"], "unexpected_keyword_argument")
        listed = {entry.name for entry in fields(cls)} | {setting.plural for setting in settings()}
        for key in listed & declared.keys():
            if not isinstance(declared[key], list):
                problem = PydanticCustomError("array", "input should be a valid array")
                raise _refusal((key,), declared[key], problem)
        # pydantic no longer treats a validator's result as JSON, and its strict mode then refuses a list for a tuple.
        found = {key: tuple(value) if isinstance(value, list) else value for key, value in declared.items()}
        given = {
            setting.key: _values(setting, found.pop(setting.plural))
            for setting in settings()
            if setting.plural in found
        }
        return {**found, "settings": given}


def _values(setting: Setting, values: object) -> tuple[Value, ...]:
    try:
        one: Any = setting.accepts or (int if isinstance(setting.default, int) else Name)
        reader: TypeAdapter[tuple[Value, ...]] = TypeAdapter(Annotated[tuple[one, ...], MinLen(1)])
        return reader.validate_python(values, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        problem = PydanticCustomError("setting", first["msg"])
        raise _refusal((setting.plural, *first["loc"]), first["input"], problem) from None


def _refusal(key: tuple[str | int, ...], value: object, problem: str | PydanticCustomError) -> ValidationError:
    details = InitErrorDetails(type=problem, loc=key, input=value)
    return ValidationError.from_exception_data("Selection", [details])


class Rows(StrEnum):
    """What the rows of a matrix's tables are: the competitors."""

    SERVERS = "servers"
    DEPLOYMENTS = "deployments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix(Declared):
    """A named set of cells. `aa_pairs` of them are planned twice; differences within a pair give the noise floor.

    With `charts`, the report also draws its headlines. The `rows` of its tables are servers, with tables for each app,
    or deployments (a server with its app).
    """

    name: Name
    summary: Text
    rounds: Annotated[int, Ge(1), Le(MAX_ROUNDS)]
    select: Annotated[tuple[Selection, ...], MinLen(1)]
    aa_pairs: Annotated[int, Ge(0)] = 0
    charts: bool = False
    rows: Rows = Rows.SERVERS
