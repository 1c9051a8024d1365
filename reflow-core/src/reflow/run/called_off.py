"""Whether a cancel of all of a run waits: whoever asked for it was interrupted or killed before it was carried out."""

from __future__ import annotations

from reflow.model.states import RunState
from reflow.run.opened import OpenRun


def is_called_off(run: OpenRun) -> bool:
    """Whether all of a run was cancelled, and its ledger does not say so yet."""
    if run.ledger.overview().state is not RunState.RUNNING:
        return False
    from reflow.rundir.control import Scope, list_requests  # most runs that are looked at are over

    return any(one.kind == "cancel" and Scope() in one.scopes for one in list_requests(run.paths))
