"""Attempts that the ledger does not know of yet, as the files of workers say."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from reflow.model.records import AttemptRow, SubmissionRow
from reflow.model.states import InstanceState
from reflow.run.ingest import STATES, Batch, attempt_row
from reflow.run.opened import OpenRun
from reflow.run.small_jobs import is_small
from reflow.rundir.at_work import idle_elements, newest_parts
from reflow.rundir.control import Scope
from reflow.rundir.outcomes import Outcome, list_segments, parse_name, read_segment
from reflow.rundir.queue import read_waits


def begun_attempts(run: OpenRun, scope: Scope, submissions: Iterable[SubmissionRow]) -> list[AttemptRow]:
    """Return the attempts that are meant of what is not sealed yet: those that go on, and the last ended ones."""
    return _meant(run, scope, submissions, lambda row: newest_parts(run.paths.submission(row.token)))


def sealed_attempts(run: OpenRun, scope: Scope, submissions: Iterable[SubmissionRow]) -> list[AttemptRow]:
    """Return the attempts that are meant of what is sealed and not taken in: what was broken off waits for why."""
    return _meant(run, scope, submissions, lambda row: _untaken(run, row.token))


def indices_at_work(run: OpenRun, task: str) -> set[int]:
    """Return the instances of a task that workers are at, as far as the scheduler has not said otherwise."""
    stopped = read_waits(run.paths).stopped
    begun = begun_attempts(run, Scope(task), run.ledger.submissions())
    going_on = [one for one in begun if one.state is InstanceState.RUNNING]
    idle = {
        token: idle_elements(run.paths.submission(token), stopped.get(token))
        for token in {one.submission for one in going_on}
    }
    return {one.index for one in going_on if one.element not in idle[one.submission]}


def _is_meant(attempt: AttemptRow, scope: Scope) -> bool:
    is_index = scope.indices is None or attempt.index in scope.indices
    return is_index and scope.state in (None, attempt.state.value)


def _meant(
    run: OpenRun,
    scope: Scope,
    submissions: Iterable[SubmissionRow],
    segments: Callable[[SubmissionRow], Iterable[tuple[str, int, int]]],
) -> list[AttemptRow]:
    found: list[AttemptRow] = []
    for row in submissions:
        if not is_small(row) and row.state in ("intent", "open") and scope.task in (None, row.task):
            found += (one for one in _attempts(run, row, segments(row)) if _is_meant(one, scope))
    return found


def _untaken(run: OpenRun, token: str) -> Iterator[tuple[str, int, int]]:
    """Yield the sealed segments of a submission that are not taken in, with element and start."""
    try:
        sealed = list_segments(run.paths.submission(token).outcomes)
    except OSError:
        return
    taken = run.ledger.segments(token) if sealed else set()
    for name in sealed:
        if name not in taken and (parsed := parse_name(name)) is not None:
            yield name, parsed[0], parsed[1]


def _attempts(
    run: OpenRun, row: SubmissionRow, segments: Iterable[tuple[str, int, int]]
) -> Iterator[AttemptRow]:
    sub = run.paths.submission(row.token)
    for name, element, start in segments:
        try:
            outcomes, _ = read_segment(os.path.join(sub.outcomes, name))
        except OSError:  # sealed, or taken in, a moment ago
            continue
        batch = Batch(row.token, element, start, name, outcomes)
        for last, begun in batch.tries():
            yield attempt_row(batch, row.task, last, begun, _state(run, row.task, last))


def _state(run: OpenRun, task: str, last: Outcome) -> InstanceState:
    if last.kind == "s":
        return InstanceState.RUNNING
    if last.state == "interrupted":  # it may be cancelled, or be started again
        return next((one.state for one in run.ledger.instances(task, (), {last.index})), STATES[last.state])
    return STATES[last.state]
