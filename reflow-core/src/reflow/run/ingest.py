"""From what workers wrote to rows of the ledger.

An outcome changes its instance only while that is handed over in the very submission that the outcome
belongs to: what a cancel, a retry or another copy decided since then stands.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from reflow.graph.model import Graph
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import AttemptRow, Changes, InstanceRow, OutputRow
from reflow.model.states import InstanceState
from reflow.run.hold import Hold
from reflow.run.rebuilt import Made, with_known_hashes
from reflow.run.tries import tries_of
from reflow.run.verdict import LIMITS, Verdict, crashed, out_of_time
from reflow.rundir.outcomes import Outcome

STATES = {
    "succeeded": InstanceState.SUCCEEDED,
    "failed": InstanceState.FAILED,
    "cancelled": InstanceState.CANCELLED,
    "interrupted": InstanceState.CANCELLED,
}


_RAN_ON = "cancelled; it ran on to its end, and what came of that is not used"


class Batch(NamedTuple):
    """The outcomes of one segment, and what is known of its writer.

    Attributes:
        segment: Its name, by which the ledger remembers it.
        death: Why its writer died, if it did: then a start without an end is an attempt that ended so.
        orphaned: Whether its driver was gone: what was interrupted then is handed over again, and costs nothing.
    """

    token: str
    element: int
    start: int
    segment: str
    outcomes: Sequence[Outcome]
    death: Verdict | None = None
    orphaned: bool = False

    def tries(self) -> Iterator[tuple[Outcome, Outcome | None]]:
        """Yield the last line of each try, and its start, if that is there; where it has no end, they are the same."""
        begun: dict[int, Outcome] = {}
        for outcome in self.outcomes:
            if outcome.kind == "s":
                begun[outcome.index] = outcome
            else:
                yield outcome, begun.pop(outcome.index, None)
        for start in begun.values():
            yield start, start

    @property
    def is_inside(self) -> bool:
        """Whether its last start has no end: its writer stopped inside an instance, or is there now."""
        return any(last.kind == "s" for last, _ in self.tries())

    @property
    def is_broken_off(self) -> bool:
        """Whether its writer was asked to end inside an instance: what that comes to depends on why."""
        return any(outcome.state == "interrupted" for outcome in self.outcomes)


def ingest(hold: Hold, batches: Iterable[Batch]) -> None:
    """Take outcomes into the ledger in one transaction; what was taken before is left out."""
    books = _Books(hold)
    for batch in batches:
        books.enter(batch)
    if books.segments:
        books.recognise(hold)
        hold.apply(books.changes())
        hold.messages += [f"{task}: not reusable: {why}" for task, why in books.unusable]
        hold.messages += tried_again(books.again)


class _Books:
    """The rows that a number of batches come to."""

    def __init__(self, hold: Hold) -> None:
        self._ledger = hold.ledger
        self._graph: Graph = hold.run.graph
        self._is_resident = hold.run.is_resident
        self._taken: dict[str, set[str]] = {}
        self._tasks: dict[str, str] = {}
        self._rows: dict[str, dict[int, InstanceRow]] = {}
        self._attempts: list[AttemptRow] = []
        self._outputs: list[OutputRow] = []
        self.segments: list[tuple[str, str]] = []
        self.unusable: dict[tuple[str, str], None] = {}
        self.again: Counter[tuple[str, str]] = Counter()

    def changes(self) -> Changes:
        rows = [row for rows in self._rows.values() for row in rows.values()]
        return Changes(instances=rows, outputs=self._outputs, attempts=self._attempts, segments=self.segments)

    def recognise(self, hold: Hold) -> None:
        """Give outputs that were made again as they were the hash that they had, unless this was forced."""
        options = hold.run.info["options"]
        forced = self._graph.tasks if options["force"] else options["force_tasks"]
        made = [
            Made(self._graph.tasks[one.task], self._rows[one.task][one.index].identity, one)
            for one in self._outputs
            if one.paths and one.task not in forced
        ]
        again = with_known_hashes(self._graph, hold.results, made) if made else []
        known = {(one.task, one.index): one for one in again}
        self._outputs = [known.get((one.task, one.index), one) for one in self._outputs]
        for task, index in known:
            row = self._rows[task][index]
            self._rows[task][index] = row._replace(output=known[task, index].output)

    def enter(self, batch: Batch) -> None:
        """Enter one segment."""
        if batch.token not in self._taken:
            self._taken[batch.token] = self._ledger.segments(batch.token)
        taken = self._taken[batch.token]
        if batch.segment in taken:
            return
        taken.add(batch.segment)
        self.segments.append((batch.token, batch.segment))
        task = self._task(batch.token)
        rows = self._load(task, batch.outcomes)
        for last, begun in batch.tries():
            if last.kind == "e":
                self._ended(batch, rows, last, begun, task)
            elif batch.orphaned:
                self._interrupted(batch, rows, rows.get(last.index))
            elif batch.death is not None:
                self._died(batch, rows, last, last, task)

    def _task(self, token: str) -> str:
        if token not in self._tasks:
            self._tasks[token] = self._ledger.submissions([token])[0].task
        return self._tasks[token]

    def _load(self, task: str, outcomes: Sequence[Outcome]) -> dict[int, InstanceRow]:
        rows = self._rows.setdefault(task, {})
        missing = {outcome.index for outcome in outcomes} - rows.keys()
        if missing:
            rows.update((row.index, row) for row in self._ledger.instances(task, (), missing))
        return rows

    def _ended(
        self, batch: Batch, rows: dict[int, InstanceRow], outcome: Outcome, begun: Outcome | None, task: str
    ) -> None:
        row = rows.get(outcome.index)
        if outcome.state == "interrupted" and batch.orphaned:
            self._interrupted(batch, rows, row)
            return
        if outcome.charge == "crash":
            self._died(batch._replace(death=crashed(outcome.reason)), rows, outcome, begun or outcome, task)
            return
        if outcome.state == "interrupted" and batch.death is not None:
            late = out_of_time(outcome.reason) if outcome.charge == "time" else batch.death
            self._died(batch._replace(death=late), rows, outcome, begun or outcome, task)
            return
        state = STATES[outcome.state]
        if row is not None and _was_cancelled(row, batch, outcome) and state is not InstanceState.CANCELLED:
            state, outcome = InstanceState.CANCELLED, outcome._replace(reason=_RAN_ON)
        self._attempts.append(attempt_row(batch, task, outcome, begun, state))
        if row is None or not _is_of(row, batch):
            return
        if outcome.state == "interrupted" and not self._is_resident:  # its job was started again, and went on
            return
        if state is InstanceState.SUCCEEDED and outcome.output is not None:
            self._outputs.append(output_row(task, outcome))
            if outcome.unusable:
                self.unusable[task, outcome.unusable] = None
        elif outcome.again:  # its own worker tries once more, in place
            rows[row.index] = row._replace(
                attempt=outcome.attempt + 1, tries=tries_of(row).charged("task").text()
            )
            return
        rows[row.index] = row._replace(
            state=state, attempt=outcome.attempt, output=outcome.output, reason=outcome.reason or None
        )

    def _interrupted(self, batch: Batch, rows: dict[int, InstanceRow], row: InstanceRow | None) -> None:
        if row is not None and _is_of(row, batch):
            rows[row.index] = hand_back(row, charge=False)

    def _died(
        self, batch: Batch, rows: dict[int, InstanceRow], last: Outcome, begun: Outcome, task: str
    ) -> None:
        row = rows.get(begun.index)
        death = batch.death or crashed("")
        is_ours = row is not None and _is_of(row, batch)
        # one that was cancelled while it was handed over was cancelled by reflow, whatever the scheduler calls it
        is_cancelled = death.state is InstanceState.CANCELLED and not is_ours
        is_cancelled = is_cancelled or (row is not None and _was_cancelled(row, batch, begun))
        reason = "cancelled" if is_cancelled else death.reason
        state = InstanceState.CANCELLED if is_cancelled else death.state
        ended = last._replace(reason=reason, peak_mib=last.peak_mib or death.peak_mib)
        self._attempts.append(attempt_row(batch, task, ended, begun, state))
        if row is None or not is_ours:
            return
        limit = LIMITS.get(death.budget, self._graph.tasks[task].retries if death.budget else 0)
        tries = tries_of(row)
        again = bool(death.budget) and getattr(tries, death.budget) < limit
        if again:
            self.again[task, death.reason] += 1
        rows[row.index] = row._replace(
            state=InstanceState.PENDING if again else death.state,
            attempt=begun.attempt,
            submission=None if again else row.submission,
            tries=tries.charged(death.budget, death.node).text(),
            reason=None if again else death.reason,
        )


def _is_of(row: InstanceRow, batch: Batch) -> bool:
    """Whether an instance is still handed over in the submission that a batch belongs to."""
    return row.state is InstanceState.SUBMITTED and row.submission == batch.token


def _was_cancelled(row: InstanceRow, batch: Batch, outcome: Outcome) -> bool:
    """Whether an instance was cancelled in the very attempt that an outcome tells of."""
    is_same = (row.submission, row.attempt) == (batch.token, outcome.attempt)
    return is_same and row.state is InstanceState.CANCELLED


def tried_again(counts: Mapping[tuple[str, str], int]) -> list[str]:
    """Return what a user is told of instances that are handed over again, by task and reason."""
    return [f"{task}: {count} handed over again: {why}" for (task, why), count in counts.items() if why]


def hand_back(
    row: InstanceRow, *, charge: bool, verdict: Verdict | None = None, retries: int = 0
) -> InstanceRow:
    """Return a row without an outcome, whose submission is over, as pending again.

    Args:
        charge: Whether it counts; after as many times as `LIMITS` says such an instance fails.
        verdict: What became of its element.
        retries: How often it is tried again when it was the time that its task asked for that was up.
    """
    budget = _budget_unstarted(verdict)
    tries = tries_of(row).charged(budget if charge else "", verdict.node if verdict is not None else "")
    spent = getattr(tries, budget)
    if spent > LIMITS.get(budget, retries):
        return row._replace(state=InstanceState.FAILED, reason=_never_ended(budget, spent, verdict))
    return row._replace(
        state=InstanceState.PENDING,
        attempt=row.attempt - 1,
        submission=None,
        position=None,
        tries=tries.text(),
    )


def _budget_unstarted(verdict: Verdict | None) -> str:
    """Return what an instance is charged to whose element ended before it was started."""
    is_known = verdict is not None and (verdict.budget in LIMITS or verdict.is_late)
    return verdict.budget if verdict is not None and is_known else "lost"


def _never_ended(budget: str, spent: int, verdict: Verdict | None) -> str:
    why = verdict.reason if verdict is not None else ""
    if budget not in LIMITS:
        return why
    return f"was handed over {spent} times and never came to an end{f': {why}' if why else ''}"


def attempt_row(
    batch: Batch, task: str, outcome: Outcome, begun: Outcome | None, state: InstanceState
) -> AttemptRow:
    """Return the record of a try that a worker told of: by its end, and by its start where that is known."""
    is_end = outcome.kind == "e"
    return AttemptRow(
        task,
        outcome.index,
        outcome.attempt,
        batch.token,
        batch.element,
        batch.start,
        state,
        begun.time if begun else None,
        outcome.time if is_end else None,
        begun.log if begun else None,
        outcome.log if is_end else None,
        outcome.reason or outcome.unusable or None,
        _error(outcome),
        outcome.host or None,
    )


def _error(outcome: Outcome) -> str | None:
    """Return what is kept of an end but its reason: what was raised, and how much memory its worker had held."""
    if not outcome.peak_mib:
        return outcome.error or None
    return json.dumps({**json.loads(outcome.error or "{}"), "peak_mib": outcome.peak_mib})


def output_row(task: str, outcome: Outcome) -> OutputRow:
    """Return what an instance returned, as its worker told it."""
    return OutputRow(
        task,
        outcome.index,
        outcome.attempt,
        outcome.output or b"",
        outcome.value or "null",
        outcome.items,
        not outcome.unusable,
        outcome.paths,
    )
