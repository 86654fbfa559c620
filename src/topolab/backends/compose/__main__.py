"""`python -m topolab.backends.compose TOKEN [--context NAME]`: remove what a dead topolab owned from the engine."""

import sys

from topolab.backends.compose.sweep import sweep_owner
from topolab.errors import EngineError

try:
    sweep_owner(sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else None)
except EngineError:
    # Print nothing: topolab is dead and its user may be typing. The next run removes the rest and says so.
    sys.exit(1)
