"""`python -m topolab.backends.compose TOKEN [--context NAME]`: remove from the engine all that a dead lab owned."""

import sys

from topolab.backends.compose.sweep import sweep_owner

sweep_owner(sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else None)
