"""Every app x interface as a running process, started once per session."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from support.origin_client import Case, Origin, discover, running
from support.programs import missing_programs, require_programs

CASES = discover()


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Case], Origin]]:
    """Start a case on first use, and stop all at the end of the session."""
    logs = tmp_path_factory.mktemp("servers")
    origins: dict[Case, Origin] = {}
    with ExitStack() as stack:

        def started(case: Case) -> Origin:
            require_programs(case.programs)
            if case not in origins:
                origins[case] = stack.enter_context(running(case, logs / f"{case}.log"))
            return origins[case]

        yield started


@pytest.fixture(params=CASES, ids=str)
def origin(request: pytest.FixtureRequest, start: Callable[[Case], Origin]) -> Origin:
    """One running app; a test that uses it runs for every app x interface."""
    return start(request.param)


@pytest.fixture(params=[case for case in CASES if case.interface == "asgi"], ids=str)
def asgi_origin(request: pytest.FixtureRequest, start: Callable[[Case], Origin]) -> Origin:
    """One running app that was declared for ASGI."""
    return start(request.param)


@pytest.fixture(params=[case for case in CASES if case.companions], ids=str)
def handing_over(request: pytest.FixtureRequest, start: Callable[[Case], Origin]) -> Origin:
    """One running app that hands its slow message over."""
    return start(request.param)


@pytest.fixture
def every_origin(start: Callable[[Case], Origin]) -> list[Origin]:
    """All apps at once, for tests that compare them."""
    return [start(case) for case in CASES if not missing_programs(case.programs)]
