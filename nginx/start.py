#!/usr/bin/env python3
"""The one way a proxy is started, by every backend and by hand: fill in a template, print the argv, exec nginx.

Standard library only. Placeholders are `${UPPER_CASE}`; nginx's own variables are lower-case and left alone.
Wrong input ends with exit code 2 and one line.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import re
import sys
from pathlib import Path
from typing import NoReturn

_PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


def render(template: str, values: dict[str, str]) -> str:
    """The template with every placeholder filled in. Raises `KeyError` naming one that has no value."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def build_argv(nginx: str, prefix: Path) -> list[str]:
    """The nginx command line: in the foreground, logging to standard error, all files below `prefix`."""
    directives = "daemon off;"
    if os.geteuid() == 0:  # started by root, nginx would give its worker to a user that cannot read our files
        directives += f" user {pwd.getpwuid(0).pw_name};"
    return [nginx, "-p", f"{prefix}/", "-c", "nginx.conf", "-e", "stderr", "-g", directives]


def main(arguments: list[str]) -> None:
    """Render into `--prefix` and become nginx."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("template", type=Path, help="a template of this folder, by path")
    parser.add_argument("--nginx", default="nginx", help="the nginx to run (default: the one on PATH)")
    parser.add_argument(
        "--prefix", type=Path, required=True, help="a writable folder for nginx.conf and temporary files"
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="the value of a placeholder")
    parser.add_argument("--print", action="store_true", help="print the configuration and stop")
    given = parser.parse_args(arguments)
    values = {"FOLDER": str(given.template.resolve().parent)}
    for pair in given.set:
        key, equals, value = pair.partition("=")
        if not equals:
            _fail(f"--set {pair}: has to be KEY=VALUE")
        values[key] = value
    try:
        configuration = render(given.template.read_text(encoding="utf-8"), values)
    except OSError as error:
        _fail(f"{given.template}: {error.strerror}")
    except KeyError as error:
        _fail(f"{given.template}: ${{{error.args[0]}}} has no value; give --set {error.args[0]}=...")
    if given.print:
        sys.stdout.write(configuration)
        return
    given.prefix.mkdir(parents=True, exist_ok=True)
    (given.prefix / "nginx.conf").write_text(configuration, encoding="utf-8")
    argv = build_argv(given.nginx, given.prefix)
    print(json.dumps({"argv": argv}), flush=True)
    os.execvp(argv[0], argv)


def _fail(message: str) -> NoReturn:
    print(f"start.py: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
