"""How the jobs of a run stand with the scheduler: asked for once per pass, and kept for those who look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reflow.contracts.executor import ElementReport, Executor
from reflow.errors import SchedulerError
from reflow.model.records import SubmissionRow
from reflow.model.states import JobState
from reflow.run.clock import now_ms
from reflow.run.hold import Hold
from reflow.run.small_jobs import is_small
from reflow.rundir.queue import keep_waits

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
    waits = {row.task: _waits(told.get(str(row.native_id), {})) for row in known if not is_small(row)}
    keep_waits(hold.run.paths, now_ms(), {task: reasons for task, reasons in waits.items() if reasons})
    return told


def _waits(reports: Mapping[int, ElementReport]) -> dict[str, int]:
    """Count the elements that wait, by the reason that is told for it."""
    found: dict[str, int] = {}
    for report in reports.values():
        if report.state is JobState.PENDING and report.reason:
            found[report.reason] = found.get(report.reason, 0) + 1
    return found
