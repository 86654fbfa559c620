#!/usr/bin/env python3
"""Writes docs/talk.md from stored runs: write_talk.py RUN RUN RUN, a run for each matrix of docs/talk.toml."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # which is not there under -P, -I or PYTHONSAFEPATH

from bootstrap import ROOT, ensure_environment

if __name__ == "__main__":
    ensure_environment()
    from topolab.cli.claims import main

    sys.exit(main(ROOT / "docs" / "talk.toml"))
