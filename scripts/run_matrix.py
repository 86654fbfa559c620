#!/usr/bin/env python3
"""The main job: stand up every candidate behind every topology, load each alike, and print the table."""

from __future__ import annotations

import sys

from bootstrap import INTERRUPTED, ensure_environment

if __name__ == "__main__":
    ensure_environment()
    try:
        from topolab.cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # before the command line is there to say so itself
        sys.exit(INTERRUPTED)
