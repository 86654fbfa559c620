"""topolab's vocabulary as frozen dataclasses: no input or output, impossible values refused."""
