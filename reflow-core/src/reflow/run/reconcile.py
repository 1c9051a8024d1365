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
from reflow.run.clock import monotonic_s, sleep
from reflow.run.hold import Hold
from reflow.run.verdict import Verdict, judge
from reflow.rundir.completion import finished_elements
from reflow.rundir.layout import SubmissionPaths


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
    second = _over(hold, executor, [row for row in rows if row.token in first])
    found = []
    for row in rows:
        agreed = first.get(row.token, {}).keys() & second.get(row.token, {}).keys()
        if agreed:
            found.append(
                Lost(row, {element: judge(second[row.token][element]) for element in sorted(agreed)})
            )
    return found


def _over(
    hold: Hold, executor: Executor, rows: Sequence[SubmissionRow]
) -> dict[str, dict[int, ElementReport | None]]:
    """Return per token the elements that are not through and that no job works on any more."""
    natives = {row.native_id: row for row in rows if row.native_id}
    try:
        told = executor.poll(list(natives)) if natives else {}
    except SchedulerError as error:
        hold.messages.append(f"the scheduler did not say how the jobs stand: {error}")
        return {}
    found: dict[str, dict[int, ElementReport | None]] = {}
    for native, row in natives.items():
        reports = told.get(native, {})
        done = finished_elements(hold.run.paths.submission(row.token))
        over = {
            element: reports.get(element)
            for element in range(row.count)
            if element not in done and not _is_active(reports.get(element))
        }
        if over:
            found[row.token] = over
    return found


def _is_active(report: ElementReport | None) -> bool:
    return report is not None and report.state.is_active


def _beating_sleep(hold: Hold, seconds: float) -> None:
    ends = monotonic_s() + seconds
    while (left := ends - monotonic_s()) > 0:
        hold.lease.beat()
        sleep(min(1.0, left))


def parts_of(sub: SubmissionPaths, elements: Iterable[int]) -> list[str]:
    """Return the names of segments that were never sealed, of elements that are over."""
    wanted = {str(element) for element in elements}
    if not os.path.isdir(sub.outcomes):
        return []
    return [n for n in os.listdir(sub.outcomes) if n.endswith(".part") and n.partition(".")[0] in wanted]
