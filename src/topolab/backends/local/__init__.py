"""Stacks as processes on 127.0.0.1: needs no Docker and no root, and leaves nothing behind."""

from topolab.backends.local.backend import LocalBackend

__all__ = ["LocalBackend"]
