"""Where stacks live. A backend turns a cell into a running stack, and removes it again."""

from topolab.backends.interfaces import Backend, Site, Stack

__all__ = ["Backend", "Site", "Stack"]
