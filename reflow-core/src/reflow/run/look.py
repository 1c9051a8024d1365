"""Looking heals: what every command does for a run before it shows it."""

from __future__ import annotations

import os
from typing import Any

from reflow.errors import ReflowError
from reflow.model.states import RunState
from reflow.run.clock import now_ms
from reflow.run.opened import OpenRun
from reflow.run.status import read_status
from reflow.rundir.lease import lease_holder

SILENT_S = 5.0  #: a run that wrote nothing for so long, and that nobody drives, is looked after


def look(run: OpenRun) -> dict[str, Any]:
    """Return how a run stands, after it was healed; what stood in the way of that is one of its messages.

    Raises:
        StoreError: The ledger cannot be read.
    """
    trouble = heal(run)
    status = read_status(run)
    if trouble and trouble not in status["messages"]:
        status["messages"].append(trouble)
    return status


def heal(run: OpenRun) -> str | None:
    """Take in what waits of a run that nobody drives any more; a healthy or foreign run is left alone.

    Returns:
        What stands in the way of it, or None: a look never fails because of this.
    """
    if not is_silent(run):
        return None
    try:
        _settle(run)
    except (ReflowError, OSError) as error:
        return " ".join(str(error).split())
    return None


def is_silent(run: OpenRun) -> bool:
    """Whether something of this user's own run waits to be done, and nobody does it."""
    if os.stat(run.paths.root).st_uid != os.geteuid():
        return False
    overview = run.ledger.overview()
    waits = overview.state is RunState.RUNNING or overview.published < overview.outputs
    waits = waits or bool(overview.submissions)  # a cancelled run is over before its jobs are
    if overview.state is RunState.HELD:
        return False
    if not waits or now_ms() - overview.updated < SILENT_S * 1000:
        return False
    found = lease_holder(run.paths)
    return found is None or found[1] is False


def _settle(run: OpenRun) -> None:
    from reflow.contracts.executor import ResidentExecutor
    from reflow.run.settle import settle

    executor = run.executor if run.is_resident else None
    if isinstance(executor, ResidentExecutor) and executor.leftovers(run.serve_argv):
        return  # they end with the instance they are at; to end them is for whoever drives the run on
    settle(run)
