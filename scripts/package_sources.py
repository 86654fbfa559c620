"""Where packages come from: pip's settings of index, proxy and certificates, handed to pip and to uv, and nothing else.

What else may be configured, such as `user`, `target`, `constraint` or UV_SYSTEM_PYTHON, is about other environments.
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
"""pip's settings that uv has too, under its own names."""
NO_INDEX = "no-index"
"""The setting that rules uv out: it takes that from its command line alone."""
_PIP_ONLY = (NO_INDEX, "cache-dir", "no-cache-dir", "resume-retries", "use-deprecated", "use-feature")
_UV_KEPT = (
    *{name for name in _UV_NAMES.values() if name.startswith("UV_")},
    *("UV_CACHE_DIR", "UV_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_NATIVE_TLS", "UV_NO_CACHE", "UV_OFFLINE"),
    "UV_SYSTEM_CERTS",
)
_UV_CREDENTIALS = re.compile(r"UV_INDEX_\w+_(USERNAME|PASSWORD)")
_OTHERS = ("PYTHON", "PIP_", "UV_", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
_SECTIONS = ("global", "install", ":env:")  # a later one overrides an earlier, as in pip


def pip_settings(listed: str) -> dict[str, str]:
    """From what `pip config list` prints, the settings that say where packages come from."""
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
    """The environment of the pip that lists its settings: the files and variables that have them, and no silence."""
    kept = {f"PIP_{key.upper().replace('-', '_')}" for key in (*_UV_NAMES, *_PIP_ONLY)} | {"PIP_CONFIG_FILE"}
    names = {name: value for name, value in os.environ.items() if name in kept}
    return {**plain_environment(), **names, "PIP_QUIET": "0", "PIP_VERBOSE": "0"}


def for_pip(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a pip that has these settings and no others."""
    names = {f"PIP_{key.upper().replace('-', '_')}": value for key, value in settings.items()}
    return {**plain_environment(), "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **names}


def for_uv(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a uv that has these settings, and those of its own that are about the same."""
    names = {_UV_NAMES[key]: _for_uv(key, value) for key, value in settings.items() if key in _UV_NAMES}
    own = {k: v for k, v in os.environ.items() if k in _UV_KEPT or _UV_CREDENTIALS.fullmatch(k)}
    # As pip chooses: the right version in any index. It is the hash that says whether it is the right one.
    return {**plain_environment(), "UV_NO_CONFIG": "1", "UV_INDEX_STRATEGY": "unsafe-best-match", **names, **own}


def _for_uv(key: str, value: str) -> str:
    """A value as uv reads it from the environment: pip's lists are separated by white space."""
    return (" " if key == "extra-index-url" else ",").join(value.split())


def plain_environment() -> dict[str, str]:
    """The inherited environment without what leads Python, pip or uv elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)}
