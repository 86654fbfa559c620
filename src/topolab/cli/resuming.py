"""`--resume`: measures the rest of a run, or reports a finished one."""

from __future__ import annotations

from pathlib import Path

from topolab.catalogue import Catalogue
from topolab.cli.arguments import Arguments
from topolab.cli.measuring import measure, prepared
from topolab.cli.reporting import report_run
from topolab.cli.sites import choose_site
from topolab.errors import InputError, StoreError
from topolab.runner import Costs, left_to_do
from topolab.runner.environment import changed_in, describe, differences, foresee
from topolab.store import Store


def resume(arguments: Arguments, run: str, catalogue: Catalogue, begun: float) -> int:
    """Measure what is missing from `run`, an id or a folder. A finished run is only reported again, on any machine."""
    with Store.open(_folder_of(run, arguments.out)) as store:
        if not left_to_do(store):
            return report_run(arguments, store)
        if not store.writable:
            raise StoreError(
                f"{store.folder}: the run is not finished and cannot be written there; copy it and resume the copy"
            )
        store.claim()
        choice = choose_site(store.record.backend, arguments.context, catalogue)
        unknown = {cell.combination.server for cell in store.record.plan.cells} - set(catalogue.candidates)
        if unknown:
            raise InputError(f"--resume {run}: the server {min(unknown)} no longer exists; start a new run")
        used = {store.record.profiles[cell.combination.profile].driver for cell in store.record.plan.cells}
        if unknown := used - set(catalogue.drivers):
            raise InputError(f"--resume {run}: the driver {min(unknown)} no longer exists; start a new run")
        recorded, plan = store.record.environment, store.record.plan
        # First compare what is known without building images, which takes a minute.
        _refuse_elsewhere(run, changed_in(recorded, foresee(choice.site, plan)))
        with prepared(arguments, choice, plan) as (keeper, images_s):
            _refuse_elsewhere(run, differences(recorded, describe(choice.site, plan)))
            costs = Costs(choice.site.stack_s, images_s, begun, choice.drivers)
            return measure(arguments, choice, keeper, store, costs)


def _folder_of(run: str, out: Path) -> Path:
    asked = Path(run)
    try:
        return asked if asked.is_dir() else out / asked
    except (OSError, ValueError) as error:
        raise StoreError(f"--resume {run}: cannot be read: {error}") from error


def _refuse_elsewhere(run: str, changed: list[str]) -> None:
    """Refuse to mix rounds from different machines or with different packages in one run."""
    if changed:
        raise InputError(f"--resume {run}: the environment has changed: {'; '.join(changed)}; start a new run")
