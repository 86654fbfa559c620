"""Only pip's settings about the source of packages reach pip and uv."""

from __future__ import annotations

import os

import pytest

from package_sources import for_listing, for_pip, for_uv, pip_settings, plain_environment

LISTED = """\
:env:.index-url='https://mirror.test/env'
:env:.user='1'
global.cert='/etc/ca.pem'
global.extra-index-url='https://a.test/simple\\nhttps://b.test/simple'
global.index-url='https://mirror.test/global'
install.find-links='/wheels /more'
install.target='/elsewhere'
install.user='true'
list.format='json'
"""
SETTINGS = {
    "cert": "/etc/ca.pem",
    "extra-index-url": "https://a.test/simple\nhttps://b.test/simple",
    "find-links": "/wheels /more",
    "index-url": "https://mirror.test/env",
}


INHERITED = {
    "HTTPS_PROXY": "http://proxy.test:3128",
    "PATH": "/bin",
    "PIP_TARGET": "/elsewhere",
    "PYTHONPATH": "/elsewhere",
    "UV_CACHE_DIR": "/cache",
    "UV_INDEX_INNER_PASSWORD": "spam",
    "UV_SYSTEM_PYTHON": "1",
    "VIRTUAL_ENV": "/elsewhere",
}


class Environment(dict[str, str]):
    """An environment without the test name that pytest adds."""

    def __setitem__(self, name: str, value: str) -> None:
        pass


@pytest.fixture(autouse=True)
def inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", Environment(INHERITED))


def test_settings_are_read_in_pips_order_of_precedence() -> None:
    assert pip_settings(LISTED) == SETTINGS
    assert pip_settings("") == {}


def test_settings_are_listed_from_pips_own_files_at_default_verbosity(monkeypatch: pytest.MonkeyPatch) -> None:
    inherited = {**INHERITED, "PIP_INDEX_URL": "https://mirror.test", "PIP_QUIET": "3", "PIP_CONFIG_FILE": "/pip.conf"}
    monkeypatch.setattr(os, "environ", Environment(inherited))
    assert for_listing() == {
        "HTTPS_PROXY": "http://proxy.test:3128",
        "PATH": "/bin",
        "PIP_CONFIG_FILE": "/pip.conf",
        "PIP_INDEX_URL": "https://mirror.test",
        "PIP_QUIET": "0",
        "PIP_VERBOSE": "0",
    }


def test_pip_gets_only_the_source_settings() -> None:
    assert for_pip(SETTINGS) == {
        "HTTPS_PROXY": "http://proxy.test:3128",
        "PATH": "/bin",
        "PIP_CERT": "/etc/ca.pem",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_EXTRA_INDEX_URL": "https://a.test/simple\nhttps://b.test/simple",
        "PIP_FIND_LINKS": "/wheels /more",
        "PIP_INDEX_URL": "https://mirror.test/env",
    }


def test_uv_gets_the_same_settings_and_keeps_its_cache_and_passwords() -> None:
    assert for_uv(SETTINGS) == {
        "HTTPS_PROXY": "http://proxy.test:3128",
        "PATH": "/bin",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "UV_CACHE_DIR": "/cache",
        "UV_DEFAULT_INDEX": "https://mirror.test/env",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_INDEX": "https://a.test/simple https://b.test/simple",
        "UV_INDEX_INNER_PASSWORD": "spam",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_NO_CONFIG": "1",
    }


def test_other_programs_start_without_settings_that_redirect_python() -> None:
    assert plain_environment() == {"HTTPS_PROXY": "http://proxy.test:3128", "PATH": "/bin"}
