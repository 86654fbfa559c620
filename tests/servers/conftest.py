"""The launcher as a module."""

import importlib.util
from types import ModuleType

import pytest

from support.serving import SERVE


@pytest.fixture(scope="module")
def serve() -> ModuleType:
    """The launcher as a module."""
    spec = importlib.util.spec_from_file_location("serve_under_test", SERVE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
