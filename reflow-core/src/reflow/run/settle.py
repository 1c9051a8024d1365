"""One pass by a process that does not stay: what commands do for a run that nobody else is advancing."""

from __future__ import annotations

import contextlib

from reflow.filesystem.locks import Holder
from reflow.run.advance import advance
from reflow.run.coordinator import Coordinator
from reflow.run.hold import held
from reflow.run.opened import OpenRun
from reflow.run.recover import left_behind
from reflow.run.status import save_picture
from reflow.rundir.messages import tell


def settle(run: OpenRun, *, stays: bool = False) -> bool:
    """Carry out requests and take in what was left; return False when somebody else holds the lease, and will.

    A run on a scheduler is advanced as far as it goes. Of one whose workers need a driver, nothing is handed
    over: nobody would stay to feed it.

    Args:
        stays: Whether this process may stay for the minutes that certainty about lost work can take.
    """
    if not run.is_resident:
        return advance(run, wait=stays) is not None
    with held(run) as hold:
        if isinstance(hold, Holder):
            return False
        coordinator = Coordinator(hold, run.executor)
        if not coordinator.stays_held():
            batches, tokens = left_behind(run, hold)
            coordinator.settle(batches, tokens)
        tell(run.paths, hold.take_messages())
    with contextlib.suppress(OSError):  # it only shows what was done
        save_picture(run)
    return True
