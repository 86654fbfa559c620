"""A Docker Engine as a place for stacks: what its images contain, what must be built, and what everything runs on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_address

from topolab.backends.compose import owner
from topolab.backends.compose.backend import ComposeBackend
from topolab.backends.compose.building import Wanted, build_due, hold_images, wanted_images
from topolab.backends.compose.composer import Composer, check_compose
from topolab.backends.compose.connect import connect
from topolab.backends.compose.context import COMPOSE, compose_folder
from topolab.backends.compose.endpoint import find_endpoint
from topolab.backends.compose.engine import Engine
from topolab.backends.compose.image_contents import ask_image, ask_proxy, ask_tools, installed_packages, locked_packages
from topolab.backends.compose.images import Image, driver_image, driver_images
from topolab.backends.compose.labels import OWNER, RUN
from topolab.backends.compose.plan_images import images_of
from topolab.backends.compose.sweep import sweep_the_dead
from topolab.backends.digests import digest_of, files_at
from topolab.backends.packages import drivers_used, in_no_image, missing_packages, packages_used
from topolab.backends.used_files import driving_files, refuse_changed, unused_parts
from topolab.catalogue import Catalogue
from topolab.drivers.registry import missing_tools, tool_versions, version_commands
from topolab.errors import EngineError, InputError
from topolab.launch.root import own_root
from topolab.model.cell import Cell, Plan
from topolab.model.environment import FILES, FROM_THIS_MACHINE, IMAGE_IDS, IMAGE_PARTS, LOAD_FROM
from topolab.process.cpus import CpuLayout, available_cpus, cpu_layout
from topolab.process.group import ProcessKeeper

EDGE_ADDRESS = "TOPOLAB_EDGE_ADDRESS"
_STACK_S = 1.2


def find_site(catalogue: Catalogue, context: str | None) -> ComposeSite:
    """The engine that `context` and the environment select. Raises `EngineError` if none can be used."""
    engine = connect(find_endpoint(context))
    return ComposeSite(catalogue, engine, context, check_compose())


class ComposeSite:
    """A Docker Engine with Compose; `backends.Site` documents the members."""

    name = "docker"

    def __init__(self, catalogue: Catalogue, engine: Engine, context: str | None, compose_version: str) -> None:
        self._catalogue = catalogue
        self._engine = engine
        self._context = context
        self._compose_version = compose_version
        self._edge_address = _edge_address(engine)
        self._token: owner.Token | None = None
        self._wanted: dict[tuple[Image, ...], Wanted] = {}
        self._images: dict[Image, str] = {}
        self._files: Mapping[str, str] = {}

    @property
    def about(self) -> str:
        """The engine, and where its load comes from."""
        where = f"Docker Engine {self._engine.facts.version}"
        return f"{where} at {self._engine.host}, loaded from this machine" if self._engine.remote else where

    @property
    def stack_s(self) -> float:
        """Measured on two cores, for the default matrix."""
        return _STACK_S

    @property
    def cpus(self) -> CpuLayout:
        """The engine's processors, without one for the client if the client runs elsewhere."""
        numbers = tuple(range(self._engine.facts.cpus))
        if not self._engine.remote:
            return cpu_layout(numbers)
        here = cpu_layout(available_cpus())
        return CpuLayout(client=here.client, server=frozenset(numbers[:1]), proxy=frozenset(numbers[:2][-1:]))

    def unavailable(self) -> Mapping[str, str]:
        """Candidates and apps whose packages no image has, proxies without a Dockerfile, companions without a file."""
        locked, installed = locked_packages(self._catalogue.root), installed_packages(self._catalogue.root)
        absent = missing_packages(self._catalogue, lambda package: package.lower() in locked)
        image = "does not put into the server image"
        reasons = {n: f"{n} needs {', '.join(p)}, which servers/requirements.lock {image}" for n, p in absent.items()}
        folder = compose_folder(self._catalogue.root)
        for name, topology in self._catalogue.topologies.items():
            if topology.proxy and not self._has(f"{topology.proxy}/Dockerfile"):
                reasons[name] = f"{name} needs an image of {topology.proxy}: there is no {topology.proxy}/Dockerfile"
        for app in self._catalogue.apps.values():
            if app.companions and not (folder / f"{app.name}.yaml").is_file():
                reasons[app.name] = f"{app.name} has companions and no file {folder.name}/{app.name}.yaml"
            unheld = [c.package for c in app.companions if c.package and c.package not in installed]
            if unheld:
                reasons[app.name] = f"{app.name} needs {', '.join(unheld)}, which servers/Dockerfile {image}"
        # The load image has every tool; from another machine than the engine's the load is made with what is here.
        if self._engine.remote:
            return {**reasons, **missing_tools(self._catalogue.drivers)}
        return {**reasons, **in_no_image(self._catalogue)}

    def due(self, plan: Plan) -> Sequence[str]:
        """The images that are missing, or were built from other inputs."""
        return [image.name for image in self._wants(plan).due(self._engine)]

    def prepare(self, plan: Plan, keeper: ProcessKeeper, say: Callable[[str], None]) -> float:
        """Clean up after dead runs, take a token for this run, and build the images that are due."""
        sweep_the_dead(self._engine, say)
        self._token = owner.Token(self._engine.facts.id)
        keeper.when_killed(self._sweeper(self._token))
        wanted = self._wants(plan)
        took_s = build_due(self._engine, self._composer(keeper), self._catalogue.root, wanted, say)
        self._images = hold_images(self._engine, wanted, self._token.text)
        return took_s

    def foresee(self, plan: Plan) -> Mapping[str, object]:
        """The engine, the Compose files, and the inputs of each image, without parts that this plan does not use."""
        facts = self._engine.facts
        unused = unused_parts(self._catalogue, plan.cells)
        self._files = self._files_outside(plan.cells)
        return {
            "engine": facts.version,
            "engine_system": facts.system,
            "engine_cpus": facts.cpus,
            "compose": self._compose_version,
            "cgroup_version": facts.cgroup_version,
            LOAD_FROM: FROM_THIS_MACHINE if self._engine.remote else "a container on the edge network",
            FILES: self._files,
            IMAGE_PARTS: {
                image.name: {part: digest for part, digest in parts.items() if part not in unused}
                for image, parts in self._wants(plan).parts.items()
            },
        }

    def describe(self, plan: Plan) -> Mapping[str, object]:
        """The same, plus the images' ids and the contents that they report."""
        packages = packages_used(self._catalogue, plan)
        labels = {RUN: "asking", OWNER: self._prepared().text}
        asked = {image: image_id for image, image_id in self._images.items() if not image.proxy}
        inside = {image.name: ask_image(self._engine, found, packages, labels) for image, found in asked.items()}
        used = drivers_used(self._catalogue, plan.cells)
        tools = tool_versions(self._catalogue.drivers, used) if self._engine.remote else self._ask_tools(used, labels)
        return {
            **self.foresee(plan),
            IMAGE_IDS: {image.name: found for image, found in self._images.items()},
            "python": {name: found.python for name, found in inside.items()},
            **self._proxy_versions(labels),
            **({"tools": tools} if tools else {}),
            # The same lock pins all images, so a package has only one version.
            "packages": dict(sorted({k: v for found in inside.values() for k, v in found.packages.items()}.items())),
        }

    @contextmanager
    def open(self, run_id: str, keeper: ProcessKeeper) -> Iterator[ComposeBackend]:
        """The backend; at the end, nothing on the engine has this process's token."""
        token, composer = self._prepared(), self._composer(keeper)
        around = (self.cpus, self._edge_address, run_id, token.text, self._images)
        backend = ComposeBackend(self._catalogue, self._engine, composer, *around, self._check_files)
        try:
            yield backend
        finally:
            keeper.end_all()  # no process of ours may request more from the engine during the clean-up
            try:
                backend.close()
            except EngineError:
                # The next run removes whatever is left: the token's file still says who owns it.
                keeper.not_needed_when_killed(self._sweeper(token))
                raise
            keeper.not_needed_when_killed(self._sweeper(token))
            token.let_go()

    def close(self) -> None:
        """Close the connections to the engine."""
        self._engine.close()

    def _wants(self, plan: Plan) -> Wanted:
        """The inputs of the plan's images, read only once: a file that changes later affects the next run."""
        images = images_of(self._catalogue, plan, remote=self._engine.remote)
        if images not in self._wanted:
            self._wanted[images] = wanted_images(self._engine, self._catalogue.root, images)
        return self._wanted[images]

    def _files_outside(self, cells: Collection[Cell]) -> dict[str, str]:
        """The digests of the files that no image has: the Compose files and, if it is here, what makes the load."""
        others = set(self._catalogue.apps) - {cell.combination.app for cell in cells}
        composing = files_at(compose_folder(self._catalogue.root), COMPOSE)
        used = {name: path for name, path in composing.items() if path.suffix == ".yaml" and path.stem not in others}
        stacks = {name: digest_of({name: path}) for name, path in used.items()}
        return stacks | (driving_files(self._catalogue, cells) if self._engine.remote else {})

    def _check_files(self, cell: Cell) -> None:
        refuse_changed(self._files, self._files_outside([cell]))

    def _proxy_versions(self, labels: Mapping[str, str]) -> dict[str, str]:
        held = {image.proxy: found for image, found in self._images.items() if image.proxy}
        proxies = {name: self._catalogue.proxies[name] for name in held}
        versions = {name: ask_proxy(self._engine, held[name], proxy, labels) for name, proxy in proxies.items()}
        return {name: version for name, version in versions.items() if version}

    def _has(self, file: str) -> bool:
        return any((root / file).is_file() for root in (self._catalogue.root, own_root()))

    def _ask_tools(self, used: Collection[str], labels: Mapping[str, str]) -> dict[str, str | None]:
        """Each tool's version, in the image that contains it."""
        found: dict[str, str | None] = {}
        for image in driver_images():
            if having := [name for name in used if driver_image(self._catalogue.drivers[name]) == image]:
                commands = version_commands(self._catalogue.drivers, having)
                found |= ask_tools(self._engine, self._images[image], commands, labels)
        return found

    def _prepared(self) -> owner.Token:
        if self._token is None:
            raise RuntimeError("prepare() comes first")
        return self._token

    def _sweeper(self, token: owner.Token) -> list[str]:
        """The command that removes everything with the token when topolab is gone."""
        context = ["--context", self._context] if self._context else []
        return [sys.executable, "-P", "-m", "topolab.backends.compose", token.text, *context]

    def _composer(self, keeper: ProcessKeeper) -> Composer:
        return Composer(compose_folder(self._catalogue.root), self._context, keeper)


def _edge_address(engine: Engine) -> str:
    """The address where edges are published. Raises `InputError` if this machine could not reach it."""
    chosen = os.environ.get(EDGE_ADDRESS)
    if chosen:
        try:
            return str(ip_address(chosen))
        except ValueError:
            raise InputError(f"{EDGE_ADDRESS}={chosen}: has to be an IP address of the engine's machine") from None
    if engine.remote and engine.host not in ("127.0.0.1", "localhost"):
        raise InputError(
            f"the engine is at {engine.host}: set {EDGE_ADDRESS} to an address of it that this machine can reach, "
            "so that the edges are published there and not on its loopback"
        )
    return "127.0.0.1"
