"""Finding runs, by the user's list or in a directory, and opening them."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from reflow.compose.backends import default_run_dir, make_executor, make_store, store_address
from reflow.config.settings import TYPED, Settings, load_settings
from reflow.errors import (
    ReflowError,
    RunDirError,
    StoreError,
    StoreHalfWritten,
    UnknownRun,
)
from reflow.model.named_tuple import NamedTuple
from reflow.run.find import NEWEST, resolve
from reflow.run.opened import OpenRun
from reflow.rundir.layout import list_runs, run_paths
from reflow.rundir.runfile import gone_run, is_there, read_run

if TYPE_CHECKING:
    from reflow.contracts.executor import Executor


class KnownRun(NamedTuple):
    """A run that was found, not opened yet.

    Attributes:
        created: Milliseconds since 1970.
        listed: Whether its id alone leads to it, by the user's list of runs.
    """

    run_id: str
    run_dir: str
    created: int
    listed: bool = True

    @property
    def workflow(self) -> str:
        """The workflow that its id names."""
        return self.run_id.rsplit("-", 2)[0]


def open_run(
    reference: str = NEWEST,
    *,
    run_dir: str | None = None,
    settings: Settings | None = None,
    workflow: str | None = None,
) -> OpenRun:
    """Open the run that a text means: its id, a unique part of it, or ``@last``.

    Args:
        run_dir: Where to look, and nowhere else; the user's store is not needed then.
        workflow: Whose runs are meant first; ``@last`` means the newest of these only.

    Raises:
        UnknownRun: None is meant, or several are.
        OutOfReach: The list of runs or the run cannot be read.
    """
    settings = settings or load_settings()
    known, trouble = _known_runs(settings, workflow, run_dir)
    place = run_dir or store_address(settings)
    own = [run for run in known if workflow is None or run.workflow == workflow]
    if reference == NEWEST and not own:
        whose = f" of {workflow}" if workflow else ""
        raise trouble or UnknownRun(f"there is no run{whose} yet in {place}; start one with: submit")
    try:
        found = _meant(reference, own, place)
    except UnknownRun as error:
        others = [run for run in known if run not in own]
        if not any(reference in run.run_id for run in others):
            raise trouble or error from None
        found = _meant(reference, others, place)
    run = open_known(found, settings)
    if reference == NEWEST and found is not own[0]:
        run.passed_over = own[0].run_id
    return run


def open_known(known: KnownRun, settings: Settings) -> OpenRun:
    """Open a run that was found.

    Raises:
        RunDirError: Its directory is gone, or out of reach.
    """
    paths = run_paths(known.run_dir, known.run_id)
    try:
        info = read_run(paths)
    except UnknownRun as error:
        raise gone_run(paths) from error
    store, _ = make_store(settings, str(info["store"]))

    def executor() -> Executor:
        options = dict(info["executor"]["options"])
        if workers := settings.get("executor.workers"):
            options["workers"] = workers
        return make_executor(info["executor"]["name"], options)[0]

    return OpenRun(paths, info, store, executor, listed=known.listed)


def known_runs(
    settings: Settings, *, workflow: str | None = None, run_dir: str | None = None
) -> list[KnownRun]:
    """Return the runs of a workflow, or all, newest first.

    Raises:
        OutOfReach: The list of runs cannot be read.
    """
    known, trouble = _known_runs(settings, workflow, run_dir)
    if trouble is not None:
        raise trouble
    return [run for run in known if workflow is None or run.workflow == workflow]


def active_runs(settings: Settings, *, workflow: str, run_dir: str | None = None) -> list[str]:
    """Return the ids of a workflow's runs that are not over, newest first.

    Raises:
        OutOfReach: The list of runs cannot be read, or the newest of these runs: it is the likeliest to be meant.
    """
    known = known_runs(settings, workflow=workflow, run_dir=run_dir)
    if not known:
        return []
    newest = _newest(known)
    active = []
    for one in known:
        try:
            is_active = _is_active(one, settings)
        except ReflowError:
            if one is newest:
                raise
            continue
        if is_active:
            active.append(one.run_id)
    return active


def _is_active(known: KnownRun, settings: Settings) -> bool:
    with contextlib.closing(open_known(known, settings)) as run:
        try:
            return not run.ledger.overview().state.is_over
        except StoreHalfWritten:  # somebody wrote until a moment ago
            return True


def _meant(reference: str, runs: list[KnownRun], place: str) -> KnownRun:
    if reference == NEWEST:
        return _newest(runs)
    run_id = resolve(reference, [run.run_id for run in runs], place)
    return next(run for run in runs if run.run_id == run_id)


def _newest(runs: list[KnownRun]) -> KnownRun:
    """Return the first run whose directory is there. Raises `RunDirError` if none is."""
    for run in runs:
        if is_there(run_paths(run.run_dir, run.run_id)):
            return run
    raise gone_run(run_paths(runs[0].run_dir, runs[0].run_id))


def _known_runs(
    settings: Settings, workflow: str | None, run_dir: str | None
) -> tuple[list[KnownRun], StoreError | None]:
    """Return all runs that can be found, newest first, and why the user's list of runs could not be read."""
    if run_dir is not None:
        return _runs_in(run_dir), None
    listed: list[KnownRun] = []
    trouble = None
    try:
        listed = _listed_runs(settings)
    except StoreError as error:
        trouble = error
    found = {run.run_id: run for run in listed}
    if workflow is not None:
        try:
            for run in _runs_in(default_run_dir(settings, workflow)):
                found.setdefault(run.run_id, run)
        except RunDirError:  # nobody asked for that directory
            pass
    return sorted(found.values(), key=lambda run: (run.created, run.run_id), reverse=True), trouble


def _listed_runs(settings: Settings) -> list[KnownRun]:
    store, _ = make_store(settings)
    # whether the list is found again without being named
    by_id = not (settings.is_profile_typed or settings.origin("store.url") == TYPED)
    results = store.open_results()
    try:
        found = [KnownRun(entry.run_id, entry.run_dir, entry.created, by_id) for entry in results.runs()]
        return [known for known in found if not _is_unborn(known)]
    finally:
        results.close()


def _is_unborn(known: KnownRun) -> bool:
    """Whether its ``submit`` was killed before the run was there, so that nobody ever saw it."""
    paths = run_paths(known.run_dir, known.run_id)
    return not is_there(paths) and os.path.isdir(paths.root)


def _runs_in(run_dir: str) -> list[KnownRun]:
    folder = os.path.abspath(run_dir)
    return [KnownRun(name, folder, _made(folder, name), listed=False) for name in list_runs(folder)]


def _made(run_dir: str, run_id: str) -> int:
    try:
        return os.stat(run_paths(run_dir, run_id).run_json).st_mtime_ns // 1_000_000
    except OSError:
        return 0
