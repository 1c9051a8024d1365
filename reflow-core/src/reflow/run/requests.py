"""Carrying out what a user asked for while a run goes on: cancels and retries, oldest first.

A request is a file; it is carried out in one transaction and may be carried out again to the same effect.
The file of a cancel stays, since elements look at it, until a retry: then for what jobs have and stays cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from reflow.contracts.executor import Executor, ResidentExecutor
from reflow.errors import SchedulerError
from reflow.graph.model import Graph
from reflow.model.records import Changes, InstanceRow, Overview, SubmissionRow, TaskRow
from reflow.model.states import InstanceState, RunState, TaskState
from reflow.run.hold import Hold
from reflow.run.repair import repaired, with_upstream
from reflow.run.small_jobs import is_small
from reflow.rundir.control import (
    Opened,
    Request,
    Scope,
    list_requests,
    narrow_cancel,
    remove_request,
    write_opened,
)

Loader = Callable[[str], list[InstanceRow]]

_RETRIED = frozenset({InstanceState.FAILED, InstanceState.CANCELLED, InstanceState.SKIPPED})
_ACTIVE = frozenset({InstanceState.PENDING, InstanceState.SUBMITTED})
WITHOUT_INSTANCES = frozenset(
    {TaskState.FAILED, TaskState.SKIPPED, TaskState.CANCELLED}
)  #: how tasks end without any


def carry_out(hold: Hold, executor: Executor, requests: Sequence[Request], done: set[str]) -> None:
    """Carry out the requests that wait, oldest first; ``done`` names the cancels that were carried out before."""
    is_held = hold.overview().state is RunState.HELD  # a retry waits then, too
    for request in requests:
        if request.kind == "cancel" and request.name not in done:
            _cancel(hold, executor, request)
            done.add(request.name)
        elif request.kind == "retry" and not is_held:
            _retry(hold, request, done)
            remove_request(hold.run.paths, request.name)


def _cancel(hold: Hold, executor: Executor, request: Request) -> None:
    overview = hold.overview()
    if overview.state not in (RunState.RUNNING, RunState.HELD):
        return
    tasks, rows = [], []
    for name, task in overview.tasks.items():
        scopes = [scope for scope in request.scopes if scope.task in (None, name)]
        if any(scope.indices is None for scope in scopes) and task.state is TaskState.WAITING:
            total = None if hold.run.graph.tasks[name].array else 1
            tasks.append(task._replace(state=TaskState.CANCELLED, total=total, reason="cancelled"))
        if scopes and any(overview.counts.get(name, {}).get(state) for state in _ACTIVE):
            active = hold.ledger.instances(name, _ACTIVE)
            rows += [row for row in active if any(scope.covers(name, row.index) for scope in scopes)]
    cancelled = [row._replace(state=InstanceState.CANCELLED, reason="cancelled") for row in rows]
    hold.apply(Changes(tasks=tasks, instances=cancelled))
    _tell(hold, executor, [row for row in rows if row.submission is not None])


def _tell(hold: Hold, executor: Executor, rows: Sequence[InstanceRow]) -> None:
    """Have the executor end what was cancelled: whole requests where nothing of them is left to do."""
    by_token: dict[str, list[InstanceRow]] = {}
    for row in rows:
        by_token.setdefault(str(row.submission), []).append(row)
    known = {row.token: row for row in hold.overview().submissions}
    whole = []
    for token, cancelled in by_token.items():
        submission = known.get(token)
        if submission is None or submission.native_id is None:
            continue
        active = hold.ledger.instances(submission.task, _ACTIVE)
        left = {row.position or 0 for row in active if row.submission == token}
        gone = [row.position or 0 for row in cancelled]
        if not left:
            whole.append(submission.native_id)
        elif isinstance(executor, ResidentExecutor):
            executor.cancel_positions(token, gone)
        else:
            _end_elements(hold, executor, submission, set(gone), left)
    try:
        executor.cancel(whole)
    except SchedulerError as error:
        hold.tell_unheard(error)


def _end_elements(
    hold: Hold, executor: Executor, submission: SubmissionRow, gone: set[int], left: set[int]
) -> None:
    """End the elements that have nothing left to do; others leave out what was cancelled by themselves."""
    pack = max(1, submission.pack)
    elements = {position // pack for position in gone} - {position // pack for position in left}
    try:
        if elements and submission.native_id:
            executor.cancel_elements(submission.native_id, elements)
    except SchedulerError as error:
        hold.tell_unheard(error)


def _retry(hold: Hold, request: Request, done: set[str]) -> None:
    """Open again what is meant; cancels before it hold only for what stays cancelled, and jobs may still have.

    Not before it is written down what is opened: an element that has not looked yet finds the one or the other.
    """
    overview = hold.overview()
    tasks, rows = reopened(hold.run.graph, overview, request.scopes, hold.ledger.instances)
    is_needed = bool(tasks or rows)
    if is_needed and request.verify:
        tasks, again = repaired(hold, overview, tasks, rows)
        rows = [*rows, *again]
    _write_down(hold, rows)
    _narrow(hold, rows, done)
    if is_needed:
        hold.apply(Changes(run=RunState.RUNNING, tasks=tasks, instances=rows))


def _narrow(hold: Hold, opened: Sequence[InstanceRow], done: set[str]) -> None:
    """Have the cancels that were carried out mean no more than what stays cancelled and jobs have."""
    cancels = [one for one in list_requests(hold.run.paths) if one.name in done]
    staying = _still_cancelled(hold, opened) if cancels else {}
    for cancel in cancels:
        if name := narrow_cancel(hold.run.paths, cancel, _narrowed(cancel, staying)):
            done.add(name)


def _still_cancelled(hold: Hold, opened: Sequence[InstanceRow]) -> dict[str, set[int]]:
    """Return what stays cancelled of what jobs were given that may not have looked yet, by task."""
    again = {(row.task, row.index) for row in opened}
    overview = hold.overview()
    tokens = {row.token for row in overview.submissions}
    found: dict[str, set[int]] = {}
    for name in {row.task for row in overview.submissions} & overview.counts.keys():
        rows = hold.ledger.instances(name, {InstanceState.CANCELLED})
        found[name] = {r.index for r in rows if r.submission in tokens and (name, r.index) not in again}
    return found


def _narrowed(cancel: Request, staying: Mapping[str, Iterable[int]]) -> list[Scope]:
    found: list[Scope] = []
    for task, indices in staying.items():
        covered = frozenset(i for i in indices if any(scope.covers(task, i) for scope in cancel.scopes))
        found += [Scope(task, covered)] if covered else []
    return found


def _write_down(hold: Hold, rows: Sequence[InstanceRow]) -> None:
    """Leave in the run's directory which instances are opened again: their outcomes are those of before."""
    indices: dict[str, list[int]] = {}
    for row in rows:
        indices.setdefault(row.task, []).append(row.index)
    if indices:
        numbers = (row.number for row in hold.ledger.submissions() if not is_small(row))
        write_opened(hold.run.paths, Opened(max(numbers, default=0), indices))


def reopened(
    graph: Graph, overview: Overview, scopes: Iterable[Scope], load: Loader
) -> tuple[list[TaskRow], list[InstanceRow]]:
    """Return what a retry opens again: what the scopes name and what stands or falls with it.

    What did not succeed upstream of a chosen task is opened with it, since it would be skipped again; what
    was skipped downstream is opened, since it may now run. What succeeded stays.
    """
    scopes = list(scopes)
    chosen = {name: scope for name in graph.tasks for scope in scopes if scope.task in (None, name)}
    for name in with_upstream(graph, chosen):
        chosen.setdefault(name, Scope(name))
    tasks: dict[str, TaskRow] = {}
    rows: list[InstanceRow] = []
    for name in graph.tasks:
        row = overview.tasks[name]
        behind = any(up in tasks for up in graph.upstream(name))
        if name not in chosen and not behind:
            continue
        found = _unsuccessful(row, overview, load)
        if name in chosen:
            picked = [r for r in found if _is_picked(r, chosen[name], scopes)]
        else:
            picked = []
        picked += [r for r in found if behind and r.state is InstanceState.SKIPPED and r not in picked]
        is_open = row.state in WITHOUT_INSTANCES and (name in chosen or row.state is TaskState.SKIPPED)
        if picked or is_open:
            tasks[name] = row._replace(state=TaskState.WAITING, reason=None)
            rows += [r._replace(state=InstanceState.PENDING, tries=None, reason=None) for r in picked]
    return list(tasks.values()), rows


def _unsuccessful(row: TaskRow, overview: Overview, load: Loader) -> list[InstanceRow]:
    counts = overview.counts.get(row.task, {})
    if not any(counts.get(state) for state in _RETRIED):
        return []
    return [found for found in load(row.task) if found.state in _RETRIED]


def _is_picked(row: InstanceRow, scope: Scope, scopes: Sequence[Scope]) -> bool:
    named = [one for one in scopes if one.task in (None, row.task)] or [scope]
    return any(one.covers(row.task, row.index) and one.state in (None, row.state.value) for one in named)
