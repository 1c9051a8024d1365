"""Looking heals: what every command does for a run before it shows it."""

from __future__ import annotations

import contextlib
import os
import time

from reflow.errors import ReflowError
from reflow.model.states import RunState
from reflow.run.opened import OpenRun
from reflow.rundir.lease import lease_holder

SILENT_S = 5.0  #: a run that wrote nothing for so long, and that nobody drives, is looked after


def heal(run: OpenRun) -> None:
    """Take in what waits of a run that nobody drives any more; a healthy or foreign run is left alone.

    A look never fails because of this: what stands in its way shows when the run is read or driven.
    """
    if os.stat(run.paths.root).st_uid != os.geteuid():
        return
    overview = run.ledger.overview()
    waits = overview.state is RunState.RUNNING or overview.published < overview.outputs
    waits = waits or bool(overview.submissions)  # a cancelled run is over before its jobs are
    if not waits or time.time() * 1000 - overview.updated < SILENT_S * 1000:
        return
    found = lease_holder(run.paths)
    if found is None or found[1] is False:
        with contextlib.suppress(ReflowError, OSError):
            _settle(run)


def _settle(run: OpenRun) -> None:
    from reflow.contracts.executor import ResidentExecutor
    from reflow.run.settle import settle

    executor = run.executor if run.is_resident else None
    if isinstance(executor, ResidentExecutor) and executor.leftovers(run.serve_argv):
        return  # they end with the instance they are at; to end them is for whoever drives the run on
    settle(run)
