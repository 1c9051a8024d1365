"""What becomes of instances whose jobs have ended without an outcome of them, and of the submissions that are over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from reflow.model.records import Changes, InstanceRow, SubmissionRow
from reflow.model.states import InstanceState
from reflow.run.ending import clear, close_submission
from reflow.run.handover import of_submission
from reflow.run.hold import Hold
from reflow.run.ingest import hand_back, tried_again
from reflow.run.reconcile import last_starts
from reflow.run.verdict import Verdict

_SUBMITTED = InstanceState.SUBMITTED

Verdicts = Mapping[str, Mapping[int, Verdict]]  #: what became of elements that were lost, by token


def cancelled_outside(hold: Hold, verdicts: Verdicts) -> None:
    """Have instances that were never started share the fate of their element, when that was cancelled."""
    for row in hold.overview().submissions:
        lost = verdicts.get(row.token, {})
        fates = {e: v for e, v in lost.items() if v.state is InstanceState.CANCELLED}
        left = hold.ledger.instances(row.task, {_SUBMITTED}) if fates else []
        cancelled = [
            r._replace(state=InstanceState.CANCELLED, reason=fates[(r.position or 0) // row.pack].reason)
            for r in left
            if r.submission == row.token and (r.position or 0) // row.pack in fates
        ]
        if cancelled:
            hold.apply(Changes(instances=cancelled))


def end(
    hold: Hold, ended: Collection[str], given_up: Mapping[str, str], verdicts: Verdicts, *, charge: bool
) -> None:
    """Close submissions of which nothing more will come; the arguments are those of `Coordinator.step`."""
    closing = [row for row in hold.overview().submissions if row.token in ended]
    if not closing:
        return
    rows: list[InstanceRow] = []
    for row in closing:
        left = of_submission(hold.ledger, row, _SUBMITTED)
        if reason := given_up.get(row.token):
            rows += [r._replace(state=InstanceState.FAILED, reason=reason) for r in left]
        else:
            rows += _handed_back(hold, row, left, verdicts.get(row.token, {}), charge=charge)
    failed = [row for row in rows if row.state is InstanceState.FAILED]
    closed: list[SubmissionRow] = []
    for row in closing:
        closed.append(close_submission(hold, row, closed, failed))
    hold.apply(Changes(instances=rows, submissions=closed))
    for row in closed:
        clear(hold, row)


def _handed_back(
    hold: Hold,
    submission: SubmissionRow,
    left: Iterable[InstanceRow],
    lost: Mapping[int, Verdict],
    *,
    charge: bool,
) -> Iterable[InstanceRow]:
    """Return what was not started as pending; it costs nothing where its element got as far as another."""
    worked = last_starts(hold.run.paths.submission(submission.token)) if lost else {}
    retries = hold.run.graph.tasks[submission.task].retries
    again: Counter[tuple[str, str]] = Counter()
    for row in left:
        element = (row.position or 0) // (submission.pack or 1)
        verdict = lost.get(element)
        is_free = verdict is not None and element in worked
        back = hand_back(row, charge=charge and not is_free, verdict=verdict, retries=retries)
        if verdict is not None and back.state is InstanceState.PENDING:
            again[row.task, verdict.reason] += 1
        yield back
    hold.messages += tried_again(again)
