"""Stacks as containers, by Docker Compose: the same servers, launchers and checks as on loopback."""

from topolab.backends.compose.backend import ComposeBackend

__all__ = ["ComposeBackend"]
