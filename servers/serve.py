"""The one launcher of every server: it reads server.toml, fills in the address, app and certificate, and execs.

Standard library only, so that it runs in any image and as `python -I servers/serve.py`.
"""

import argparse
import json
import os
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

USAGE_EXIT_CODE = 2
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Table = Mapping[str, Any]


class UsageError(Exception):
    """What was asked for is not declared; its text is the one line that is printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the server's argv as one JSON line and become that server; with --print only print it."""
    options = _parser().parse_args(arguments)
    root: Path = options.root.resolve()
    try:
        file, server, variant = find_variant(root, options.server)
        entry_point = find_entry_point(root, options.app, options.interface)
        shown = str(file.relative_to(root))
        if options.interface not in variant["interfaces"]:
            expected = _one_of(variant["interfaces"])
            _refuse(shown, f"variants.{variant['name']}.interfaces", f"{options.interface!r} is not there; {expected}")
        values = {
            "python": sys.executable,
            "host": options.host,
            "port": str(options.port),
            "app": entry_point,
            "workers": str(options.workers),
            "folder": str(file.parent),
            "cert": options.cert,
            "key": options.key,
        }
        given = {name: value for name, value in values.items() if value is not None}
        argv = build_argv(shown, server, variant, options.listener, given)
        environment = build_environment(os.environ, variant.get("env", {}), root / "apps", options.app)
    except UsageError as error:
        print(f"serve.py: {error}", file=sys.stderr)
        return USAGE_EXIT_CODE
    except KeyError as error:
        print(f"serve.py: {shown_file(root, options.server)}: {error.args[0]}: missing", file=sys.stderr)
        return USAGE_EXIT_CODE
    print(json.dumps({"argv": argv}), flush=True)
    if not options.print:
        os.execve(argv[0], argv, environment)
    return 0
