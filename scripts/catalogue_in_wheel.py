"""Adds the catalogue to a wheel: hatchling's build hook, so that a checkout's own proxies and drivers go in too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FOLDERS = ("apps", "compose", "drivers", "loadtest", "servers")
_INSIDE = "topolab/_catalogue"


class CatalogueHook(BuildHookInterface[Any]):
    """Puts every folder of the catalogue into the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folders to a standard wheel. An editable one leads to the checkout, which has them."""
        if version == "editable":
            return
        root = Path(self.root)
        proxies = [path.parent.name for path in root.glob("[!.]*/proxy.toml")]
        found = [name for name in (*_FOLDERS, *proxies) if (root / name).is_dir()]
        build_data["force_include"] |= {str(root / name): f"{_INSIDE}/{name}" for name in found}
