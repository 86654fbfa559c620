#!/usr/bin/env python3
"""Writes docs/talk.md from stored runs: write_talk.py RUN RUN RUN, one run per matrix in docs/talk.toml."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # -P, -I and PYTHONSAFEPATH leave it out

from bootstrap import ROOT, ensure_environment

if __name__ == "__main__":
    ensure_environment()
    from topolab.cli.claims import main

    sys.exit(main(ROOT / "docs" / "talk.toml"))
