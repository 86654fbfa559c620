#!/usr/bin/env python3
"""The main job: stand up every candidate behind every topology, load each alike, and print the table."""

from __future__ import annotations

import sys

from bootstrap import ensure_environment

if __name__ == "__main__":
    ensure_environment()
    from topolab.cli import main

    sys.exit(main())
