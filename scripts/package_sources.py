"""Where packages come from: only pip's settings for index, proxy and certificates are handed to pip and to uv.

Other settings, such as `user`, `target`, `constraint` or UV_SYSTEM_PYTHON, concern other environments.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Mapping

_UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "keyring-provider": "UV_KEYRING_PROVIDER",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "retries": "UV_HTTP_RETRIES",
}
"""pip's settings that uv also has, with uv's names for them."""
NO_INDEX = "no-index"
"""The setting that rules uv out: uv accepts it only on its command line."""
_PIP_ONLY = (NO_INDEX, "cache-dir", "no-cache-dir", "resume-retries", "use-deprecated", "use-feature")
_UV_KEPT = (
    *{name for name in _UV_NAMES.values() if name.startswith("UV_")},
    *("UV_CACHE_DIR", "UV_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_NATIVE_TLS", "UV_NO_CACHE", "UV_OFFLINE"),
    "UV_SYSTEM_CERTS",
)
_UV_CREDENTIALS = re.compile(r"UV_INDEX_\w+_(USERNAME|PASSWORD)")
_OTHERS = ("PYTHON", "PIP_", "UV_", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
_SECTIONS = ("global", "install", ":env:")  # later ones override earlier ones, as in pip


def pip_settings(listed: str) -> dict[str, str]:
    """Read the settings that say where packages come from, from the output of `pip config list`."""
    found: dict[str, str] = {}
    for section in _SECTIONS:
        for line in listed.splitlines():
            name, equals, value = line.partition("=")
            if equals and name.startswith(f"{section}."):
                key = name.removeprefix(f"{section}.")
                if key in _UV_NAMES or key in _PIP_ONLY:
                    found[key] = str(ast.literal_eval(value))
    return found


def for_listing() -> dict[str, str]:
    """The environment for the pip that lists its settings: with the files and variables that hold them, never quiet."""
    kept = {f"PIP_{key.upper().replace('-', '_')}" for key in (*_UV_NAMES, *_PIP_ONLY)} | {"PIP_CONFIG_FILE"}
    names = {name: value for name, value in os.environ.items() if name in kept}
    return {**plain_environment(), **names, "PIP_QUIET": "0", "PIP_VERBOSE": "0"}


def for_pip(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment for a pip with only these settings."""
    names = {f"PIP_{key.upper().replace('-', '_')}": value for key, value in settings.items()}
    return {**plain_environment(), "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **names}


def for_uv(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment for a uv with these settings, and its own on the same subjects."""
    names = {_UV_NAMES[key]: _for_uv(key, value) for key, value in settings.items() if key in _UV_NAMES}
    own = {k: v for k, v in os.environ.items() if k in _UV_KEPT or _UV_CREDENTIALS.fullmatch(k)}
    # Choose as pip does: the right version from any index. The hash says whether it is the right file.
    return {**plain_environment(), "UV_NO_CONFIG": "1", "UV_INDEX_STRATEGY": "unsafe-best-match", **names, **own}


def _for_uv(key: str, value: str) -> str:
    """Convert a value to what uv reads from the environment: pip separates lists with white space."""
    return (" " if key == "extra-index-url" else ",").join(value.split())


def plain_environment() -> dict[str, str]:
    """The inherited environment, without variables that point Python, pip or uv elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)}
