"""Letting a run go on that was held since its ledger was rebuilt: only its user says so."""

from __future__ import annotations

from reflow.errors import OutOfReach
from reflow.filesystem.locks import Holder
from reflow.model.records import Changes
from reflow.model.states import RunState
from reflow.run.hold import held
from reflow.run.opened import OpenRun


def release(run: OpenRun) -> None:
    """Have a held run be running again; any other stays as it is.

    Nothing is handed over by that. Who advances it then first finds out about submissions that are not certain.

    Raises:
        OutOfReach: Somebody else holds its lease at this moment.
    """
    if run.ledger.overview().state is not RunState.HELD:
        return
    with held(run) as hold:
        if isinstance(hold, Holder):
            raise OutOfReach(f"run {run.id} is held, and {hold.describe()} looks at it just now; try again")
        if hold.overview().state is RunState.HELD:
            hold.apply(Changes(run=RunState.RUNNING))
