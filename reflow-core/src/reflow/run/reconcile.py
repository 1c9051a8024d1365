"""Elements that ended without saying so: found by two looks, judged by what the executor says of them.

An element is *lost* when its job is over or forgotten, a directory listing at least ``fs_latency`` later shows
no completion of it, and a second question to the executor agrees. A question that failed is no answer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from reflow.contracts.executor import ElementReport, Executor
from reflow.errors import SchedulerError
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import SubmissionRow
from reflow.model.states import JobState
from reflow.run.clock import sleep
from reflow.run.hold import Hold
from reflow.run.last_words import last_words
from reflow.run.standing import Reports, is_gone
from reflow.run.verdict import Verdict, judge
from reflow.rundir.elements import finished_elements
from reflow.rundir.layout import SubmissionPaths
from reflow.rundir.outcomes import generation, parse_name

Gone = Mapping[str, Mapping[int, ElementReport | None]]


class Lost(NamedTuple):
    """Elements of a submission that are over without a completion, and why each of them is."""

    submission: SubmissionRow
    verdicts: Mapping[int, Verdict]


def is_done(sub: SubmissionPaths, count: int) -> bool:
    """Whether every element of a submission has said that it is through."""
    return len(finished_elements(sub)) >= count


def find_lost(hold: Hold, executor: Executor, rows: Sequence[SubmissionRow], told: Reports) -> list[Lost]:
    """Return the lost elements of open submissions; between the two looks this waits.

    Args:
        told: How their jobs stand: the first look.
    """
    first = _gone(hold, executor, rows, lambda row: [told.get(str(row.native_id), {})])
    if not first:
        return []
    sleep(float(hold.run.info["options"]["fs_latency_s"]))
    second = _look_again(hold, executor, [row for row in rows if row.token in first])
    found = []
    for row in rows:
        agreed = first.get(row.token, {}).keys() & second.get(row.token, {}).keys()
        if agreed:
            reports = second[row.token]
            verdicts = {e: judge(_explained(hold, executor, row, e, reports[e])) for e in sorted(agreed)}
            found.append(Lost(row, verdicts))
    return found


def _look_again(hold: Hold, executor: Executor, rows: Sequence[SubmissionRow]) -> Gone:
    """Ask about jobs again, and about others of the same tokens.

    Of a submission that was accepted twice, the elements may have been claimed by the job that was not heard of.
    """
    try:
        copies = executor.find([row.token for row in rows])
        natives = {row.token: _named(row.native_id, copies.get(row.token)) for row in rows}
        asked = sorted({native for found in natives.values() for native in found})
        told = executor.poll(asked) if asked else {}
    except SchedulerError as error:
        hold.tell_unheard(error, "the scheduler did not say how the jobs stand:")
        return {}
    return _gone(hold, executor, rows, lambda row: [told.get(native, {}) for native in natives[row.token]])


def _gone(
    hold: Hold,
    executor: Executor,
    rows: Sequence[SubmissionRow],
    answers: Callable[[SubmissionRow], Sequence[Mapping[int, ElementReport]]],
) -> Gone:
    """Return the elements that are not through and that no job works on any more, by token."""
    found: dict[str, dict[int, ElementReport | None]] = {}
    for row in rows:
        said = answers(row)
        done = finished_elements(hold.run.paths.submission(row.token))
        reports = {element: _newest(said, element) for element in range(row.count) if element not in done}
        over = {element: report for element, report in reports.items() if is_gone(executor, row, report)}
        if over:
            found[row.token] = over
    return found


def _explained(
    hold: Hold, executor: Executor, row: SubmissionRow, element: int, report: ElementReport | None
) -> ElementReport | None:
    """Return a report that says more, where it stands in the log why the element ended, or could not begin."""
    if report is not None and report.state not in (JobState.UNKNOWN, JobState.FAILED):
        return report
    said = last_words(hold.run.paths, row.token, element)
    found = executor.explain(said.text)
    if found is None or found.state.is_active:  # it was requeued, and did not come to start again
        is_told = report is not None and report.state is JobState.FAILED and said.complaint
        return report._replace(reason=f"{report.reason}: {said.complaint}") if report and is_told else report
    return found if report is None else found._replace(node=report.node)


def _named(*natives: str | None) -> set[str]:
    return {native for native in natives if native}


def _newest(answers: Iterable[Mapping[int, ElementReport]], element: int) -> ElementReport | None:
    reports = [answer[element] for answer in answers if element in answer]
    return next((report for report in reports if report.state.is_active), reports[0] if reports else None)


def last_starts(sub: SubmissionPaths) -> dict[int, int]:
    """Return of each element that wrote something the `generation` of those that did so last."""
    found: dict[int, int] = {}
    for name in os.listdir(sub.outcomes) if os.path.isdir(sub.outcomes) else ():
        if (parsed := parse_name(name)) is not None:
            found[parsed[0]] = max(found.get(parsed[0], 0), generation(parsed[1]))
    return found
