"""Catalogues for tests: the checkout's own folders, with servers of the test's added."""

from __future__ import annotations

import shutil
from pathlib import Path

from topolab.catalogue import default_root
from topolab.catalogue.root import FOLDERS
from topolab.launch.proxies import proxy_folders


def catalogue_root(folder: Path, servers: dict[str, str], copied: tuple[str, ...] = ("servers",)) -> Path:
    """A catalogue in `folder` with all that the checkout's has, and a folder in servers/ for each given TOML text.

    Of the checkout's folders those `copied` may be changed, the others are links.
    """
    for name in (*FOLDERS, *proxy_folders(default_root())):
        source = default_root() / name
        if name in copied:
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (folder / name).symlink_to(source)
    for name, text in servers.items():
        (folder / "servers" / name).mkdir()
        (folder / "servers" / name / "server.toml").write_text(text)
    return folder
