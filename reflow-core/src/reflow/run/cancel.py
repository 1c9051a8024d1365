"""Cancelling: the mark first, then whoever advances the run, until nothing of it is active."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reflow.contracts.executor import ElementReport
from reflow.errors import OutOfReach, SchedulerError, StoreHalfWritten
from reflow.model.records import SubmissionRow
from reflow.model.states import InstanceState, JobState, TaskState
from reflow.run.clock import monotonic_s, sleep
from reflow.run.handover import cancelled_elements, is_cancelled
from reflow.run.kept import keep
from reflow.run.opened import OpenRun
from reflow.run.select import by_index
from reflow.run.settle import settle
from reflow.run.small_jobs import is_small
from reflow.rundir.control import Scope, write_request
from reflow.rundir.runfile import check_own

_ACTIVE = (InstanceState.PENDING, InstanceState.SUBMITTED)


def cancel(run: OpenRun, scopes: Sequence[Scope] = (), timeout_s: float = 90.0) -> str:
    """Cancel a run, or parts of it, and return what came of it in one line.

    It has been carried out when this returns: nothing of what was named is active, waits in a queue, or will. A run
    that is over stays as it is. Where a state is named, the instances are meant that are in it now.

    Raises:
        OutOfReach: It could not be carried out in time, and why; it will be when it can.
    """
    wanted = tuple(by_index(run, scopes) if scopes else [Scope()])
    if not wanted:
        return _told(run.id, 0, 0)
    try:
        overview = run.ledger.overview()
        was_active, before = _active(run, wanted), _cancelled(run, wanted)
    except StoreHalfWritten as error:
        raise keep(run, "cancel", wanted, error) from error
    if overview.state.is_over and not overview.submissions:
        _still_queued(run, ())
        return f"run {run.id} is over ({overview.state.value}): nothing was changed"
    check_own(run.paths)
    write_request(run.paths, "cancel", wanted)
    deadline = monotonic_s() + timeout_s
    while True:
        passed = settle(run)  # whoever held the lease before has told the scheduler by then
        left = _left(run, wanted) if passed or run.is_resident else f"run {run.id} is being advanced"
        if not left:
            break
        if monotonic_s() > deadline:
            raise OutOfReach(
                f"{left}\nthe cancel holds, and is carried out by the next look: {run.typed('status')}"
            )
        sleep(0.05 if run.is_resident else 0.5)
    told = _told(run.id, was_active, cancelled := _cancelled(run, wanted) - before)
    if ahead := _ahead(run, wanted):
        told = told if cancelled else f"run {run.id}"
        return f"{told}: what is named of {' and '.join(ahead)} is cancelled as soon as it is known"
    return told


def _ahead(run: OpenRun, wanted: Sequence[Scope]) -> list[str]:
    """Return the tasks of which instances are named that nobody knows yet: the cancel waits for them."""
    tasks = run.ledger.overview().tasks
    named = dict.fromkeys(scope.task for scope in wanted if scope.task and scope.indices is not None)
    return [name for name in named if tasks[name].state is TaskState.WAITING]


def _told(run_id: str, was_active: int, cancelled: int) -> str:
    """Say what a cancel did: much may have ended by itself before it was carried out."""
    if cancelled > 0:
        return f"cancelled {cancelled} of run {run_id}"
    if was_active:
        return f"nothing of run {run_id} was cancelled: what was asked for ended before, or was opened again since"
    return f"nothing of that was active in run {run_id}"


def _left(run: OpenRun, wanted: Sequence[Scope]) -> str:
    """Say what is still to be done, if anything is, or why that cannot be seen."""
    try:
        return _to_be_done(run, wanted)
    except StoreHalfWritten as error:
        return str(error).splitlines()[0]


def _to_be_done(run: OpenRun, wanted: Sequence[Scope]) -> str:
    if active := _active(run, wanted):
        return f"{active} of run {run.id} did not end in time"
    if run.is_resident:
        return ""
    rows = run.ledger.overview().submissions
    queued = _still_queued(run, rows)
    unanswered = sorted({_named(row) for row in rows if row.state == "intent"})
    if queued or not unanswered:
        return queued
    return f"the scheduler has not said yet whether it took what was submitted: {' and '.join(unanswered)}"


def _named(row: SubmissionRow) -> str:
    return "a job that looks after the run" if is_small(row) else row.task


def _still_queued(run: OpenRun, rows: Sequence[SubmissionRow]) -> str:
    """Cancel what waits in the queue and is not wanted any more; say so if there is any."""
    is_over = run.ledger.overview().state.is_over
    unwanted = [
        row for row in rows if (is_over if is_small(row) else is_cancelled(run.paths, run.ledger, row))
    ]
    unwanted += _given_up(run) if is_over else []
    unheard = [row.token for row in unwanted if not row.native_id]  # whoever submitted them was killed
    try:
        found = run.executor.find(unheard) if unheard else {}
        natives = [native for row in unwanted if (native := row.native_id or found.get(row.token))]
        partly = {
            row.native_id: elements
            for row in rows
            if row.native_id and not is_small(row) and row not in unwanted
            if (elements := cancelled_elements(run.ledger, row))
        }
        told = run.executor.poll([*natives, *partly]) if natives or partly else {}
        queued = [n for n in natives if _waiting(told.get(n, {}))]
        if queued:
            run.executor.cancel(queued)
        for native, elements in partly.items():
            if waiting := _waiting(told.get(native, {})) & elements:
                run.executor.cancel_elements(native, waiting)
                queued.append(native)
    except SchedulerError as error:
        return str(error)
    return f"the scheduler has {len(queued)} jobs of run {run.id} in its queue" if queued else ""


def _given_up(run: OpenRun) -> list[SubmissionRow]:
    """Return the small jobs that are taken for never submitted: one may have come through later than anybody waited."""
    return [
        row
        for row in run.ledger.submissions()
        if row.state == "ended" and is_small(row) and not row.native_id
    ]


def _waiting(reports: Mapping[int, ElementReport]) -> set[int]:
    return {element for element, report in reports.items() if report.state is JobState.PENDING}


def _active(run: OpenRun, scopes: Sequence[Scope]) -> int:
    """Count what is named and not over: instances, and tasks that have none yet."""
    return _count(run, scopes, TaskState.WAITING, _ACTIVE)


def _cancelled(run: OpenRun, scopes: Sequence[Scope]) -> int:
    """Count what is named and cancelled: instances, and tasks that had none yet."""
    return _count(run, scopes, TaskState.CANCELLED, (InstanceState.CANCELLED,))


def _count(
    run: OpenRun, scopes: Sequence[Scope], task_state: TaskState, states: Sequence[InstanceState]
) -> int:
    overview = run.ledger.overview()
    total = 0
    for name, task in overview.tasks.items():
        here = [scope for scope in scopes if scope.task in (None, name)]
        if any(scope.indices is None for scope in here):
            total += task.state is task_state
            total += sum(overview.counts.get(name, {}).get(state, 0) for state in states)
        elif here:
            wanted = {index for scope in here for index in scope.indices or ()}
            total += len(run.ledger.instances(name, states, wanted))
    return total
