"""topolab's words as frozen dataclasses: no input, no output, impossible values refused."""
