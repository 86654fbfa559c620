#!/usr/bin/env python3
"""The main job: start every candidate behind every topology, load all alike, and print the table."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # -P, -I and PYTHONSAFEPATH leave it out

from bootstrap import INTERRUPTED, ensure_environment, wanted_extras

if __name__ == "__main__":
    ensure_environment(wanted_extras(sys.argv[1:], default_matrix="default"))
    try:
        from topolab.cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # before the command line can report it
        sys.exit(INTERRUPTED)
