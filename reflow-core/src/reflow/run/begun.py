"""Attempts that workers are at, as their own files say: the ledger knows of them once they have been sealed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from reflow.model.records import AttemptRow, SubmissionRow
from reflow.model.states import InstanceState
from reflow.run.ingest import STATES, Batch, attempt_row
from reflow.run.opened import OpenRun
from reflow.run.small_jobs import is_small
from reflow.rundir.at_work import idle_elements, newest_parts
from reflow.rundir.control import Scope
from reflow.rundir.outcomes import read_segment
from reflow.rundir.queue import read_waits


def begun_attempts(run: OpenRun, scope: Scope, submissions: Iterable[SubmissionRow]) -> list[AttemptRow]:
    """Return the attempts that are meant of what is not sealed yet: those that go on, and the last ended ones."""
    found: list[AttemptRow] = []
    for row in submissions:
        if not is_small(row) and row.state in ("intent", "open") and scope.task in (None, row.task):
            found += (one for one in _attempts(run, row) if _is_meant(one, scope))
    return found


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


def _attempts(run: OpenRun, row: SubmissionRow) -> Iterator[AttemptRow]:
    sub = run.paths.submission(row.token)
    for name, element, start in newest_parts(sub):
        try:
            outcomes, _ = read_segment(os.path.join(sub.outcomes, name))
        except OSError:  # sealed a moment ago
            continue
        batch = Batch(row.token, element, start, name, outcomes)
        for last, begun in batch.tries():
            state = STATES[last.state] if last.kind == "e" else InstanceState.RUNNING
            yield attempt_row(batch, row.task, last, begun, state)
