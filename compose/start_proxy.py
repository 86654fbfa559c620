#!/usr/bin/env python3
"""Start the proxy of a topology as its TOML says: by hand, and in every container of a proxy.

Standard library only. The work is `topolab.launch`'s, found next to this folder, also where nothing is installed.
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
    """Become what the arguments ask for; the exit code where that fails."""
    from topolab.launch.proxying import main as start

    return start(arguments, Path(__file__).parents[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
