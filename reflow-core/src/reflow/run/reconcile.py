"""Elements that ended without saying so: found by two looks, judged by what the executor says of them.

An element is *lost* when its job is over or forgotten, a directory listing at least ``fs_latency`` later shows
no completion of it, and a second question to the executor agrees. A question that failed is no answer.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from reflow.contracts.executor import ElementReport, Executor
from reflow.errors import SchedulerError
from reflow.model.records import SubmissionRow
from reflow.run.clock import monotonic_s, now_ms, sleep
from reflow.run.hold import Hold
from reflow.run.verdict import Verdict, judge
from reflow.rundir.completion import finished_elements
from reflow.rundir.layout import SubmissionPaths
from reflow.rundir.outcomes import parse_name

SETTLE_S = 60.0  #: how long after it was submitted a request may still turn up in the queue


class Lost(NamedTuple):
    """Elements of a submission that are over without a completion, and why each of them is."""

    submission: SubmissionRow
    verdicts: Mapping[int, Verdict]


def is_done(sub: SubmissionPaths, count: int) -> bool:
    """Whether every element of a submission has said that it is through."""
    return len(finished_elements(sub)) >= count


def find_lost(hold: Hold, executor: Executor, rows: Sequence[SubmissionRow], *, wait: bool) -> list[Lost]:
    """Return the lost elements of open submissions.

    Args:
        wait: Whether this process may wait between the two looks; without it nothing is called lost.
    """
    first = _over(hold, executor, rows) if wait else {}
    if not first:
        return []
    _beating_sleep(hold, float(hold.run.info["options"]["fs_latency_s"]))
    second = _over(hold, executor, [row for row in rows if row.token in first], with_copies=True)
    found = []
    for row in rows:
        agreed = first.get(row.token, {}).keys() & second.get(row.token, {}).keys()
        if agreed:
            found.append(
                Lost(row, {element: judge(second[row.token][element]) for element in sorted(agreed)})
            )
    return found


def _over(
    hold: Hold, executor: Executor, rows: Sequence[SubmissionRow], *, with_copies: bool = False
) -> dict[str, dict[int, ElementReport | None]]:
    """Return per token the elements that are not through and that no job works on any more.

    Args:
        with_copies: Whether to look for other jobs of the same tokens: one that was accepted twice may have its
            elements claimed by the job that was not heard of.
    """
    try:
        copies = executor.find([row.token for row in rows]) if with_copies else {}
        natives = {row.token: _named(row.native_id, copies.get(row.token)) for row in rows}
        asked = sorted({native for found in natives.values() for native in found})
        told = executor.poll(asked) if asked else {}
    except SchedulerError as error:
        hold.messages.append(f"the scheduler did not say how the jobs stand: {error}")
        return {}
    found: dict[str, dict[int, ElementReport | None]] = {}
    for row in rows:
        answers = [told.get(native, {}) for native in natives[row.token]]
        done = finished_elements(hold.run.paths.submission(row.token))
        reports = {element: _newest(answers, element) for element in range(row.count) if element not in done}
        over = {element: report for element, report in reports.items() if is_gone(row, report)}
        if over:
            found[row.token] = over
    return found


def _named(*natives: str | None) -> set[str]:
    return {native for native in natives if native}


def _newest(answers: Iterable[Mapping[int, ElementReport]], element: int) -> ElementReport | None:
    reports = [answer[element] for answer in answers if element in answer]
    return next((report for report in reports if report.state.is_active), reports[0] if reports else None)


def is_gone(row: SubmissionRow, report: ElementReport | None) -> bool:
    """Whether a job is over or forgotten; one that was just submitted may not be listed yet."""
    if report is None:
        return now_ms() - row.created > SETTLE_S * 1000
    return not report.state.is_active


def _beating_sleep(hold: Hold, seconds: float) -> None:
    ends = monotonic_s() + seconds
    while (left := ends - monotonic_s()) > 0:
        hold.lease.beat()
        sleep(min(1.0, left))


def last_starts(sub: SubmissionPaths) -> dict[int, int]:
    """Return of each element that wrote something how often it had been started before it did so last."""
    found: dict[int, int] = {}
    for name in os.listdir(sub.outcomes) if os.path.isdir(sub.outcomes) else ():
        if (parsed := parse_name(name)) is not None:
            found[parsed[0]] = max(found.get(parsed[0], 0), parsed[1])
    return found
