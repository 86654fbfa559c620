"""A run's own part of the engine: two networks with the load generator for every stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from topolab.backends.compose.composer import Composer, docker_argv, explain
from topolab.backends.compose.engine import Container, Engine
from topolab.drivers.descriptor import LOAD_IMAGE
from topolab.drivers.registry import drivers  # of topolab itself: images have no other
from topolab.errors import StageError
from topolab.fetch import FetchError, Response
from topolab.fetch.remote import RemoteFetcher
from topolab.model.outcome import Stage
from topolab.model.target import Target, Workplace

AUTHORITY = Path("/run/topolab/authority.pem")
"""Where the load generator finds the certificate authority; `compose/entry.sh` puts it there."""
_CATALOGUE = "/topolab"


class LoadGenerator:
    """The Compose project of a run, from `compose/base.yaml` and `compose/load.yaml` without their server.

    A driver with an image of its own adds the file of that name in `compose/parts/` once it is used.
    """

    def __init__(self, engine: Engine, composer: Composer, project: str, variables: Mapping[str, str]) -> None:
        self.project = project
        self._engine = engine
        self._composer = composer
        self._variables = variables
        self._container: Container | None = None
        self._own: dict[str, Container] = {}
        self._fetcher: RemoteFetcher | None = None

    def ready(self) -> None:
        """Start the load generator, or restart it if it was lost. Raises `StageError` if it does not start."""
        if self._container is None or self._engine.ending(self._container.id):
            self._start()

    def workplace(self, driver: str) -> Workplace:
        """Where a driver runs. Starts the container of its own image, or restarts one that was lost.

        Raises `StageError`.
        """
        service = drivers()[driver].image
        if service == LOAD_IMAGE:
            return self._workplace(self._running())
        if service not in self._own or self._engine.ending(self._own[service].id):
            self._own[service] = self._up(service, f"the {service}'s container")
        return self._workplace(self._own[service])

    def fetch(self, target: Target, path: str, timeout_s: float) -> Response:
        """Send one request from there. Raises `FetchError`, or `StageError` if the load generator itself is gone."""
        container, fetcher = self._running(), self._fetcher
        if fetcher is None:
            raise StageError(Stage.START, "the load generator is not running")
        try:
            return fetcher.fetch(target, path, timeout_s)
        except FetchError as error:
            if ending := self._engine.ending(container.id):
                raise StageError(Stage.START, f"the load generator {ending}") from error
            raise

    def close(self) -> None:
        """End the processes on this machine; the containers are removed with everything else that the run owns."""
        if self._fetcher:
            self._fetcher.close()

    def _running(self) -> Container:
        if self._container is None:
            raise StageError(Stage.START, "the load generator is not running")
        return self._container

    def _start(self) -> None:
        self.close()
        self._container = self._up(LOAD_IMAGE, "the load generator")
        log = self._composer.keeper.folder / "fetcher.log"
        self._fetcher = RemoteFetcher(self._composer.keeper, self._workplace(self._container), log)

    def _up(self, service: str, called: str) -> Container:
        files = ("base", LOAD_IMAGE) if service == LOAD_IMAGE else ("base", LOAD_IMAGE, f"parts/{service}")
        done = self._composer.up(self.project, files, self._variables, (service,))
        container = self._engine.containers(self.project).get(service)
        if done.code != 0 or container is None:
            raise StageError(Stage.START, f"{called} does not start: {explain(done.output)}", done.output)
        return container

    def _workplace(self, container: Container) -> Workplace:
        enter = (*docker_argv(self._composer.context), "exec", "--interactive", container.id)
        return Workplace(enter, "python", _CATALOGUE)
