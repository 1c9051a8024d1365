"""Cancelling: the mark first, then whoever advances the run, until nothing of it is active."""

from __future__ import annotations

from collections.abc import Sequence

from reflow.errors import OutOfReach
from reflow.model.states import InstanceState, TaskState
from reflow.run.clock import monotonic_s, sleep
from reflow.run.opened import OpenRun
from reflow.run.settle import settle
from reflow.rundir.control import Scope, write_request
from reflow.rundir.runfile import check_own

_ACTIVE = (InstanceState.PENDING, InstanceState.SUBMITTED)


def cancel(run: OpenRun, scopes: Sequence[Scope] = (), timeout_s: float = 60.0) -> str:
    """Cancel a run, or parts of it, and return what came of it in one line.

    It has been carried out when this returns: nothing of what was named is active or will be. A run that is over
    stays as it is.

    Raises:
        OutOfReach: Whoever drives the run did not carry it out in time; it will when it can.
    """
    state = run.ledger.overview().state
    if state.is_over:
        return f"run {run.id} is over ({state.value}): nothing was changed"
    check_own(run.paths)
    wanted = tuple(scopes) or (Scope(),)
    before = _active(run, wanted)
    write_request(run.paths, "cancel", wanted)
    deadline = monotonic_s() + timeout_s
    while True:
        passed = settle(run)  # whoever held the lease before has told the scheduler by then
        if (passed or run.is_resident) and not (_active(run, wanted) or _unanswered(run)):
            return (
                f"cancelled {before} of run {run.id}"
                if before
                else f"nothing of that was active in run {run.id}"
            )
        if monotonic_s() > deadline and (unanswered := _unanswered(run)):
            raise OutOfReach(
                f"{' and '.join(unanswered)} may still be taken by the scheduler, which has not said so yet; "
                f"it is cancelled by the next look: status {run.id}"
            )
        if monotonic_s() > deadline:
            raise OutOfReach(
                f"run {run.id} did not carry out the cancel in {timeout_s:.0f} s; see: status {run.id}"
            )
        sleep(1.0 if _unanswered(run) else 0.05)


def _unanswered(run: OpenRun) -> list[str]:
    """Return the tasks of submissions of which nobody knows whether they were taken."""
    rows = () if run.is_resident else run.ledger.overview().submissions
    return sorted({row.task for row in rows if row.state == "intent" and not row.task.startswith("@")})


def _active(run: OpenRun, scopes: Sequence[Scope]) -> int:
    """Count what is named and not over: instances, and tasks that have none yet."""
    overview = run.ledger.overview()
    total = 0
    for name, task in overview.tasks.items():
        here = [scope for scope in scopes if scope.task in (None, name)]
        if any(scope.indices is None for scope in here):
            total += task.state is TaskState.WAITING
            total += sum(overview.counts.get(name, {}).get(state, 0) for state in _ACTIVE)
        elif here:
            wanted = {index for scope in here for index in scope.indices or ()}
            total += len(run.ledger.instances(name, _ACTIVE, wanted))
    return total
