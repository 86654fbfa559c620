#!/usr/bin/env python3
"""The talk's stream demonstration: the app's page in a real browser, drawn as waterfalls side by side."""

from __future__ import annotations

import sys

from bootstrap import INTERRUPTED, ensure_environment

if __name__ == "__main__":
    ensure_environment()
    try:
        from topolab.cli import main

        sys.exit(main(page=True))
    except KeyboardInterrupt:  # before the command line is there to say so itself
        sys.exit(INTERRUPTED)
