"""Catalogues for tests: the checkout's folders, with a test's servers added."""

from __future__ import annotations

import shutil
from pathlib import Path

from topolab.catalogue import default_root
from topolab.launch.root import FOLDERS, proxy_folders


def catalogue_root(folder: Path, servers: dict[str, str], copied: tuple[str, ...] = ("servers",)) -> Path:
    """A catalogue in `folder` like the checkout's, with a folder in servers/ for each given TOML text.

    The checkout's folders in `copied` may be changed; the others are links.
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
