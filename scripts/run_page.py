#!/usr/bin/env python3
"""The talk's streams demonstration: the app's page in a real browser, as waterfalls side by side."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # -P, -I and PYTHONSAFEPATH leave it out

from bootstrap import INTERRUPTED, ensure_environment, wanted_extras

if __name__ == "__main__":
    ensure_environment(wanted_extras(sys.argv[1:], default_matrix="page-browser"))
    try:
        from topolab.cli import main

        sys.exit(main(page=True))
    except KeyboardInterrupt:  # before the command line can report it
        sys.exit(INTERRUPTED)
