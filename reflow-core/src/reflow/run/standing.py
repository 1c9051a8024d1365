"""How the jobs of a run stand with the scheduler: asked for once per pass, and kept for those who look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from reflow.contracts.executor import ElementReport, Executor
from reflow.errors import SchedulerError
from reflow.model.records import SubmissionRow
from reflow.model.states import JobState
from reflow.run.clock import now_ms
from reflow.run.hold import Hold
from reflow.run.small_jobs import is_small
from reflow.rundir.queue import Waits, keep_waits

Reports = Mapping[str, Mapping[int, ElementReport]]  #: by native id and element


def ask(hold: Hold, executor: Executor, rows: Iterable[SubmissionRow]) -> Reports | None:
    """Return how the jobs of submissions stand, and keep why they wait; None when there was no answer."""
    known = [row for row in rows if row.native_id]
    natives = [str(row.native_id) for row in known]
    try:
        told = executor.poll(natives) if natives else {}
    except SchedulerError as error:
        hold.messages.append(f"the scheduler did not say how the jobs stand: {error}")
        return None
    keep_waits(hold.run.paths, now_ms(), _waits([row for row in known if not is_small(row)], told))
    return told


def _waits(rows: Iterable[SubmissionRow], told: Reports) -> Waits:
    """Count the elements that wait of each task, in all its arrays, by the reason that is told for it."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        for report in told.get(str(row.native_id), {}).values():
            if report.state is JobState.PENDING and report.reason:
                found.setdefault(row.task, Counter())[report.reason] += 1
    return {task: _worst_first(reasons) for task, reasons in found.items()}


def _worst_first(reasons: Mapping[str, int]) -> dict[str, int]:
    """Put the reasons first that say what to type, since they may never end, then those of many elements."""
    return dict(sorted(reasons.items(), key=lambda reason: ("type: " not in reason[0], -reason[1])))
