"""A new run: from a checked graph and its parameters to a directory that holds all it needs."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from reflow.contracts.backends import Backends
from reflow.errors import (
    RunDirError,
    StoreDamaged,
    StoreError,
    StoreTooNew,
    UnknownTask,
)
from reflow.filesystem.files import make_directory, remove_directory
from reflow.filesystem.mounts import mount_of
from reflow.filesystem.project import is_project_file
from reflow.graph.manifest import to_manifest
from reflow.graph.model import Graph
from reflow.model import VERSION
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import RunEntry
from reflow.run.clock import now_ms
from reflow.run.listing import run_entry
from reflow.run.opened import OpenRun
from reflow.run.secrets import masked, write_secrets
from reflow.run.stamped import stamped_parameters
from reflow.rundir.layout import RunPaths, run_paths
from reflow.rundir.messages import tell
from reflow.rundir.runfile import read_run, write_run
from reflow.rundir.source import collect


class SubmitRequest(NamedTuple):
    """All that a new run is made from.

    Attributes:
        entry: How a worker finds the workflow: ``{"module", "attribute"}``, or ``{"pickle": bytes}``.
        parameters: Tagged values by key, secret ones left out.
        secrets: Tagged values of secret parameters by key.
        run_dir: Where the run's files go, absolute.
        cwd: The directory that tasks run in.
        python: The interpreter of the workers; default: the one that submits.
        defaults: Resources that tasks leave open, from the configuration.
        code: What the hashes of its tasks' code are made of, for the store.
    """

    graph: Graph
    entry: Mapping[str, Any]
    parameters: Mapping[str, Any]
    run_dir: str
    backends: Backends
    cwd: str
    secrets: Mapping[str, Any] = {}
    force: bool = False
    force_tasks: tuple[str, ...] = ()
    verify: bool = False
    python: str | None = None
    defaults: Mapping[str, Any] = {}
    code: Mapping[bytes, str] = {}


def create(request: SubmitRequest, born: Callable[[RunPaths], None] | None = None) -> OpenRun:
    """Make a run and return it; nothing of it runs yet.

    It is there once run.json is, which is written last: a kill before that leaves a directory that nobody
    takes for a run.

    Args:
        born: Is told where the run is, just before it is there.

    Raises:
        UnknownTask: ``force_tasks`` names none.
        RunDirError: The run directory cannot be written.
        StoreError: The results are damaged, or of a newer reflow.
    """
    for name in request.force_tasks:
        if name not in request.graph.tasks:
            from reflow.run.select import unknown_task

            raise UnknownTask(unknown_task(name, request.graph))
    created = now_ms()
    day = time.strftime("%Y%m%d", time.localtime(created / 1000))
    paths = run_paths(request.run_dir, f"{request.graph.workflow}-{day}-{os.urandom(4).hex()}")
    try:
        for folder in (paths.root, paths.source, paths.control, paths.jobs, paths.logs):
            make_directory(folder)
        info = _info(request, paths, created)
        write_secrets(paths, request.secrets)
        store = request.backends.store
        store.create_ledger(
            paths.root, paths.run_id, request.graph.workflow, list(request.graph.tasks), created
        ).close()
        _list_run(request, run_entry(paths, info))
        if born is not None:
            born(paths)
        write_run(paths, info)
        _warn_of_locks(paths)
    except OSError as error:
        _take_back(paths)
        raise RunDirError(
            f"run directory {request.run_dir} cannot be written: {error.strerror}; give another with --run-dir"
        ) from error
    except BaseException:
        _take_back(paths)
        raise
    return OpenRun(paths, read_run(paths), request.backends.store, lambda: request.backends.executor)


def _take_back(paths: RunPaths) -> None:
    """Remove what there is of a run: run.json first, so that another interrupt leaves what nobody takes for a run."""
    with contextlib.suppress(OSError):
        os.unlink(paths.run_json)
    remove_directory(paths.root)


def _warn_of_locks(paths: RunPaths) -> None:
    if trouble := mount_of(paths.root).lock_trouble:
        warning = (
            f"{trouble}; the run keeps to one writer by its lease, but choose another --run-dir if you can"
        )
        _warn(warning)
        tell(paths, [warning])


def _info(request: SubmitRequest, paths: RunPaths, created: int) -> dict[str, Any]:
    executor = request.backends.executor
    umask = os.umask(0)
    os.umask(umask)
    return {
        "version": VERSION,
        "run_id": paths.run_id,
        "workflow": request.graph.workflow,
        "created": created,
        "cwd": request.cwd,
        "umask": umask,
        "run_dir": request.run_dir,
        "python": request.python or sys.executable,
        **_search_path(request),
        "plugins": list(request.backends.modules),
        "store": request.backends.store.address,
        "executor": {"name": executor.name, "options": executor.options, "resident": executor.resident},
        "manifest": to_manifest(request.graph),
        "parameters": {**stamped_parameters(request.graph, request.parameters), **masked(request.secrets)},
        "options": {
            "force": request.force,
            "force_tasks": list(request.force_tasks),
            "verify": request.verify,
            "fs_latency_s": mount_of(paths.root).latency_s,
        },
        "defaults": dict(request.defaults),
        "entry": _entry(request, paths),
        "modules": collect(paths, request.backends.modules),
    }


def _search_path(request: SubmitRequest) -> dict[str, Any]:
    """Return where workers look for modules: as this process does, or as another interpreter does by itself.

    Of what is installed for this interpreter, another one can use nothing: there only the project's own
    directories come first.
    """
    entries = [os.path.abspath(entry) for entry in sys.path]
    if request.python in (None, sys.executable):
        return {"sys_path": entries, "own_path": False}
    return {"sys_path": [e for e in entries if is_project_file(os.path.join(e, ""))], "own_path": True}


def _entry(request: SubmitRequest, paths: RunPaths) -> dict[str, Any]:
    entry = dict(request.entry)
    if isinstance(pickled := entry.get("pickle"), bytes):
        from reflow.filesystem.files import write_new

        write_new(os.path.join(paths.source, "flow.pkl"), [pickled])
        entry["pickle"] = "flow.pkl"
    return entry


def _list_run(request: SubmitRequest, entry: RunEntry) -> None:
    """Add the run to the user's list; a store out of reach is no reason not to run, a damaged one is."""
    try:
        results = request.backends.store.open_results(write=True)
        with contextlib.closing(results):
            results.record_run(entry, request.code)
    except (StoreDamaged, StoreTooNew):
        raise
    except StoreError as error:
        _warn(f"{error}; the run goes on, and is not in your list of runs: look at it with --run-dir")


def _warn(text: str) -> None:
    with contextlib.suppress(OSError):  # what cannot be shown is no reason not to run
        print(f"warning: {text}", file=sys.stderr)
