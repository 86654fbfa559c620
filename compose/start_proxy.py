#!/usr/bin/env python3
"""Start a topology's proxy as its TOML describes: by hand, and in every proxy container.

Standard library only. `topolab.launch` does the work; it is found next to this folder and need not be installed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent
# In a checkout and in images the package is in src/; in an installed topolab this folder is inside the package.
_PLACES = (_FOLDER.parent / "src", *_FOLDER.parents[2:3])
_SOURCE = next(place for place in _PLACES if (place / "topolab" / "launch").is_dir())
sys.path.insert(0, str(_SOURCE))


def main(arguments: Sequence[str]) -> int:
    """Become the program that the arguments ask for; return an exit code if that fails."""
    from topolab.launch.proxying import main as start

    return start(arguments, Path(__file__).parents[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
