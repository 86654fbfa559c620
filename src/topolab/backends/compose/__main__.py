"""`python -m topolab.backends.compose TOKEN [--context NAME]`: remove from the engine all that a dead lab owned."""

import sys

from topolab.backends.compose.sweep import sweep_owner
from topolab.errors import EngineError

try:
    sweep_owner(sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else None)
except EngineError:
    # The lab is dead, and its user may be typing by now: the next run removes it and says so.
    sys.exit(1)
