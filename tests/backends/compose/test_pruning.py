"""Several runs, or a user, may remove images from one engine at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from topolab.backends.compose.connect import connect
from topolab.backends.compose.endpoint import find_endpoint

pytestmark = pytest.mark.usefixtures("docker_site")


def test_images_are_removed_while_another_run_does_it_too() -> None:
    with ExitStack() as stack:
        engines = [stack.enter_context(closing(connect(find_endpoint(None)))) for _ in range(4)]
        pool = stack.enter_context(ThreadPoolExecutor(len(engines)))
        asked = [pool.submit(engine.forget_untagged_images, "topolab.no-image-has-this") for engine in engines * 20]
        assert [done.exception(timeout=60) for done in asked] == [None] * len(asked)
