"""How the jobs of a run stand with the scheduler: asked for once per pass, and kept for those who look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from reflow.contracts.executor import ElementReport, Executor
from reflow.errors import SchedulerError
from reflow.model.records import SubmissionRow
from reflow.model.states import JobState
from reflow.run.clock import now_ms
from reflow.run.hold import Hold
from reflow.run.small_jobs import is_small, watched
from reflow.rundir.at_work import Starts, begun_elements
from reflow.rundir.queue import Asked, Waits, keep_waits

Reports = Mapping[str, Mapping[int, ElementReport]]  #: by native id and element


def ask(hold: Hold, executor: Executor, rows: Iterable[SubmissionRow]) -> Reports | None:
    """Return how the jobs of submissions stand, and keep why they wait; None when there was no answer."""
    known = [row for row in rows if row.native_id]
    natives = [str(row.native_id) for row in known]
    try:
        told = executor.poll(natives) if natives else {}
    except SchedulerError as error:
        hold.tell_unheard(error, "the scheduler did not say how the jobs stand:")
        return None
    hold.is_heard = hold.is_heard or bool(natives)
    work = [row for row in known if not is_small(row)]
    stopped = {row.token: found for row in work if (found := _stopped(hold, executor, row, told))}
    keep_waits(hold.run.paths, Asked(now_ms(), _waits(work, told), _guards(known, told), stopped))
    return told


def open_work(hold: Hold) -> list[SubmissionRow]:
    """Return the submissions of tasks that are open."""
    return [row for row in hold.overview().submissions if not is_small(row) and row.state == "open"]


def is_gone(executor: Executor, row: SubmissionRow, report: ElementReport | None) -> bool:
    """Whether a job is over or forgotten; one that was just submitted may not be listed yet."""
    return is_settled(executor, row) if report is None else not report.state.is_active


def is_settled(executor: Executor, row: SubmissionRow) -> bool:
    """Whether what was submitted would be listed by now, if it had been taken."""
    return now_ms() - row.created > executor.settle_s * 1000


def _waits(rows: Iterable[SubmissionRow], told: Reports) -> Waits:
    """Count the elements that wait of each task, in all its arrays, by the reason that is told for it."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        for report in _active(row, told):
            if report.state is JobState.PENDING and report.reason:
                found.setdefault(row.task, Counter())[report.reason] += 1
    return {task: _worst_first(reasons) for task, reasons in found.items()}


def _stopped(hold: Hold, executor: Executor, row: SubmissionRow, told: Reports) -> Starts:
    """Return the elements of a submission that had been started, and whose jobs wait or are over."""
    reports = told.get(str(row.native_id), {})
    idle = {e for e, report in reports.items() if report.state is JobState.PENDING}
    idle |= {e for e in range(row.count) if is_gone(executor, row, reports.get(e))}
    return begun_elements(hold.run.paths.submission(row.token), idle)


def _guards(rows: Sequence[SubmissionRow], told: Reports) -> Waits:
    """Return what the small jobs wait for, if they are all that is left of the run and none of them is at work."""
    active = [(row, report) for row in rows for report in _active(row, told)]
    if any(not is_small(row) or report.state is not JobState.PENDING for row, report in active):
        return {}
    kinds = {"watchdog": [report for row, report in active if watched(row)]}
    kinds["safety net"] = [report for row, report in active if not watched(row)]
    reasons = {kind: Counter(report.reason for report in reports) for kind, reports in kinds.items()}
    return {kind: _worst_first(counts) for kind, counts in reasons.items() if counts}


def _active(row: SubmissionRow, told: Reports) -> list[ElementReport]:
    return [report for report in told.get(str(row.native_id), {}).values() if report.state.is_active]


def _worst_first(reasons: Mapping[str, int]) -> dict[str, int]:
    """Put the reasons first that say what to type, since they may never end, then those of many elements."""
    return dict(sorted(reasons.items(), key=lambda reason: ("type: " not in reason[0], -reason[1])))
