"""Retrying: opening new attempts for what did not succeed."""

from __future__ import annotations

from collections.abc import Sequence

from reflow.errors import OutOfReach, StoreHalfWritten, UsageError
from reflow.model.named_tuple import NamedTuple
from reflow.model.states import RunState
from reflow.run.advance import advance
from reflow.run.called_off import is_called_off
from reflow.run.clock import monotonic_s, sleep
from reflow.run.kept import keep
from reflow.run.opened import OpenRun
from reflow.run.requests import WITHOUT_INSTANCES, reopened
from reflow.run.settle import settle
from reflow.run.status import drift, read_status
from reflow.rundir.control import Scope, list_requests, write_request
from reflow.rundir.runfile import check_own


class RetryReport(NamedTuple):
    """What a retry came to.

    Attributes:
        reopened: Number of instances, and tasks without instances, that were opened again.
        needs_driver: Whether the caller must see to it that somebody drives the run.
    """

    reopened: int
    message: str
    needs_driver: bool


def retry(
    run: OpenRun, scopes: Sequence[Scope] = (), *, verify: bool = True, timeout_s: float = 60.0
) -> RetryReport:
    """Open what failed, was cancelled or was skipped: all of a run, or parts of it.

    When this returns the ledger says so, and the run is running again. What succeeded is left alone; with
    nothing to retry, nothing changes.

    Raises:
        UsageError: The run is held, or instances are named of a task that ended before it had any.
        OutOfReach: Whoever drives the run did not take it up in time, or its ledger is half written.
    """
    wanted = tuple(scopes) or (Scope(),)
    try:
        _refuse_unknown(run, wanted)
        if run.ledger.overview().state is RunState.HELD:
            raise UsageError(f"run {run.id} is held, since its ledger was rebuilt; first {run.remedy}")
        _take_in_cancel(run, timeout_s)
        count = _openable(run, wanted) or _openable_after_a_look(run, wanted)
    except StoreHalfWritten as error:
        raise keep(run, "retry", wanted, error, verify=verify) from error
    if not count:
        return RetryReport(0, _told_nothing(run), False)
    check_own(run.paths)
    name = write_request(run.paths, "retry", wanted, verify=verify)
    deadline = monotonic_s() + timeout_s
    while True:
        if settle(run):
            return RetryReport(count, _told(run, count), run.is_resident)
        if not any(request.name == name for request in list_requests(run.paths)):
            return RetryReport(count, _told(run, count), False)
        if monotonic_s() > deadline:
            raise OutOfReach(
                f"run {run.id} did not take up the retry in {timeout_s:.0f} s; see: {run.typed('status')}"
            )
        sleep(0.05)


def _refuse_unknown(run: OpenRun, scopes: Sequence[Scope]) -> None:
    """Refuse instances that nobody knows yet: all of their task would be opened."""
    overview = run.ledger.overview()
    for scope in scopes:
        if scope.task is None or scope.indices is None or not run.graph.tasks[scope.task].array:
            continue
        row = overview.tasks[scope.task]
        if row.state in WITHOUT_INSTANCES and not any(overview.counts.get(scope.task, {}).values()):
            raise UsageError(
                f"{scope.task} was {row.state.value} before its instances were known; "
                f"retry all of it: {run.typed('retry')} {scope.task}"
            )


def _take_in_cancel(run: OpenRun, timeout_s: float) -> None:
    """Have a cancel carried out whose process ended before that: what it covers can be opened again, too."""
    if not is_called_off(run):
        return
    check_own(run.paths)
    deadline = monotonic_s() + timeout_s
    while not (settle(run) or not is_called_off(run)):  # else whoever drives it does
        if monotonic_s() > deadline:
            raise OutOfReach(
                f"run {run.id} did not take up its cancel in {timeout_s:.0f} s; see: {run.typed('status')}"
            )
        sleep(0.05)


def _told_nothing(run: OpenRun) -> str:
    state = run.ledger.overview().state
    told = f"nothing to retry in run {run.id} ({state.value})"
    if run.is_resident or state is not RunState.RUNNING:  # else the look may have taken it on
        told += ": nothing was changed"
    if state is RunState.RUNNING and read_status(run)["driver"]["alive"] is False:
        told += f"\nnothing drives this run any more; {run.remedy}"
    return told


def _told(run: OpenRun, count: int) -> str:
    return "\n".join([f"retrying {count} of run {run.id}", *drift(run)])


def _openable(run: OpenRun, scopes: tuple[Scope, ...]) -> int:
    tasks, rows = reopened(run.graph, run.ledger.overview(), scopes, run.ledger.instances)
    return len(rows) + sum(1 for task in tasks if not any(row.task == task.task for row in rows))


def _openable_after_a_look(run: OpenRun, scopes: tuple[Scope, ...]) -> int:
    """Find out what a run on a scheduler has lost that nobody has missed yet: that can be opened again, too."""
    if run.is_resident or run.ledger.overview().state is not RunState.RUNNING:
        return 0
    advance(run, wait=True)
    return _openable(run, scopes)
