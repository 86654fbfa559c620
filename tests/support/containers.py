"""The engine's own view of a stack, independent of the modules under test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import Any

import docker

from topolab.backends.compose.stack import ComposeStack

TIMEOUT_S = 10.0
RUN = f"tests-{token_hex(4)}"
"""The run of this session's stacks: another session on the same engine has another."""
OF_THE_RUN = f"topolab.run={RUN}"
"""The label of everything that the run has on the engine."""


@contextmanager
def api() -> Iterator[Any]:
    """The engine's API, independent of the module under test."""
    client = docker.from_env()
    try:
        yield client.api
    finally:
        client.close()


def inspected(labels: list[str]) -> dict[str, dict[str, Any]]:
    with api() as engine:
        found = engine.containers(all=True, filters={"label": labels})
        return {c["Labels"]["com.docker.compose.service"]: engine.inspect_container(c["Id"]) for c in found}


def project_of(stack: ComposeStack) -> str:
    return f"com.docker.compose.project={stack.project}"
