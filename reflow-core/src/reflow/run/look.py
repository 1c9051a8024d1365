"""Looking heals: what every command does for a run before it shows it."""

from __future__ import annotations

import contextlib
import os
import time

from reflow.errors import ReflowError
from reflow.filesystem.locks import Holder
from reflow.model.states import RunState
from reflow.run.hold import held
from reflow.run.opened import OpenRun
from reflow.run.recover import workers
from reflow.run.settle import settle
from reflow.rundir.lease import lease_holder

SILENT_S = 5.0  #: a run that wrote nothing for so long, and that nobody drives, is looked after


def heal(run: OpenRun) -> None:
    """Take in what waits of a run that nobody drives any more; a healthy or foreign run is left alone.

    A look never fails because of this: what stands in its way shows when the run is read or driven.
    """
    if not run.is_resident or os.stat(run.paths.root).st_uid != os.geteuid():
        return
    overview = run.ledger.overview()
    if overview.state is not RunState.RUNNING or time.time() * 1000 - overview.updated < SILENT_S * 1000:
        return
    found = lease_holder(run.paths)
    if found is not None and found[1] is not False:
        return
    if any(_is_alive(run, row.token) for row in overview.submissions):
        return
    with contextlib.suppress(ReflowError, OSError), held(run) as hold:
        if not isinstance(hold, Holder):
            settle(run, hold)


def _is_alive(run: OpenRun, token: str) -> bool:
    return any(process.is_gone() is not True for process in workers(run.paths.submission(token)))
