"""The submissions of a run: from instances to jobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from reflow.contracts.executor import Executor
from reflow.errors import NotSubmitted, SchedulerError
from reflow.filesystem.files import read_bytes
from reflow.model.records import Changes, InstanceRow, Overview, SubmissionRow
from reflow.model.states import InstanceState
from reflow.run.capacity import Array, Capacity
from reflow.run.clock import now_ms
from reflow.run.guards import Guards
from reflow.run.handover import (
    TRIED_AGAIN,
    Answered,
    Intent,
    cancelled_elements,
    forget_answer,
    give_up,
    is_cancelled,
    is_refused_for_now,
    of_submission,
    prepare,
    remove_payload,
    still_ending,
    submit,
)
from reflow.run.hold import Hold
from reflow.run.tries import Wave, waves
from reflow.run.upstream import Purged
from reflow.rundir.control import last_before_opened
from reflow.rundir.elements import finished_elements

_SUBMITTED = InstanceState.SUBMITTED


class Submissions:
    """What a coordinator does with the jobs of its run, while its lease is held."""

    def __init__(
        self, hold: Hold, executor: Executor, guards: Guards | None, hear: Callable[[], bool]
    ) -> None:
        self._hold = hold
        self._executor = executor
        self._guards = guards
        self._hear = hear
        self._heard = False
        self._full: set[str] = set()  # tasks of which no more is taken for now
        self._number = _newest(hold)

    def prepare(
        self, run: Mapping[str, Sequence[InstanceRow]], overview: Overview
    ) -> tuple[list[Intent], list[InstanceRow]]:
        """Write the payloads of what can be handed over now; return what must wait for room, too.

        A task of which something was refused waits until that is taken: it alone is tried again.

        Args:
            run: The instances that are ready, by task.

        Raises:
            Purged: A reused input cannot be read, or an input is not there yet.
        """
        capacity = Capacity(self._hold, self._executor, overview.submissions)
        intents: list[Intent] = []
        waiting: list[InstanceRow] = []
        full = self._full | {row.task for row in overview.submissions if is_refused_for_now(row)}
        for task, rows in run.items():
            if task in full:
                waiting += rows
                continue
            behind = still_ending(self._hold, self._executor, task, rows)
            for wave in waves(rows):
                arrays, later = capacity.take(self._hold.run.graph.tasks[task], wave)
                waiting += later
                for array in arrays:
                    self._number += 1
                    intents.append(prepare(self._hold, self._executor, task, array, self._number, behind))
        return intents, waiting

    def hand_over(self, submissions: Sequence[SubmissionRow]) -> None:
        """Give intents to the executor and write down its answers; what is cancelled meanwhile is not submitted."""
        answered: list[SubmissionRow] = []
        refused: list[tuple[SubmissionRow, NotSubmitted]] = []
        known = self._hold.overview().submissions
        full: set[str] = set()
        self._heard = False
        for submission in submissions:
            if submission.task in full:
                answered.append(self._shortened(submission, 0))
                continue
            row, refusal = self._taken(submission, [*known, *answered])
            answered.append(row)
            if refusal is not None:
                refused.append((row, refusal))
            if row.token != submission.token or (refusal is not None and refusal.over_limit):
                full.add(row.task)
        failed = [row for submission, refusal in refused for row in self._refused(submission, refusal)]
        guards = self._guards.needed(answered) if self._guards is not None else []
        self._hold.apply(Changes(submissions=[*answered, *guards], instances=failed))
        self._full |= full & {row.task for row in answered if row.state in ("open", "intent")}
        self._clear(row for row in answered if row.state == "ended")
        if self._heard:
            self.call_off(answered)
        if self._guards is not None:
            self._guards.submit(guards)

    def _taken(self, submission: SubmissionRow, others: Sequence[SubmissionRow]) -> Answered:
        """Hand over as much of a submission as is taken at once, down to one element; the rest is pending again."""
        refusal: NotSubmitted | None = None
        while self._is_wanted(submission):
            answer = submit(self._hold, self._executor, submission, others)
            if answer.refusal is None and refusal is not None:
                told = "its elements are handed over in parts"
                self._hold.messages.append(f"{submission.task}: {told}: {refusal}")
            refusal = answer.refusal
            if refusal is None or not refusal.over_limit or submission.count <= 1:
                return answer
            submission = self._shortened(submission, submission.count // 2)
        return Answered(self._given_up(submission) if submission.state == "intent" else submission)

    def _is_wanted(self, submission: SubmissionRow) -> bool:
        """Whether an intent is to be submitted, as far as can be known right before that is done."""
        if submission.state != "intent":
            return False
        self._heard = self._hear() or self._heard
        return not self._heard or bool(self.left_of(submission))

    def _shortened(self, submission: SubmissionRow, count: int) -> SubmissionRow:
        """Give up an intent of which certainly nothing is queued, for one of its first elements; the others wait.

        Returns:
            The new intent; where none is made, the old one, which has ended.
        """
        from reflow.run.ending import clear  # few arrays are more than is taken
        from reflow.run.ingest import hand_back

        left = sorted(self.left_of(submission), key=lambda row: row.position or 0)
        back = [hand_back(row, charge=False) for row in left]
        intent = self._intent_of(submission, back[: count * submission.pack])
        rows, made = (intent.rows, [intent.submission]) if intent is not None else ((), [])
        over = self._given_up(submission)
        self._hold.apply(Changes(instances=[*back[len(rows) :], *rows], submissions=[over, *made]))
        remove_payload(self._hold.run.paths.submission(over.token))
        clear(self._hold, over)
        return made[0] if made else over

    def _given_up(self, intent: SubmissionRow) -> SubmissionRow:
        """Write down that an intent was not taken and is submitted no more; return its row for the ledger."""
        give_up(self._hold, intent)
        return intent._replace(state="ended", ended=now_ms())

    def _intent_of(self, submission: SubmissionRow, rows: Sequence[InstanceRow]) -> Intent | None:
        """Prepare a submission of instances of another, to begin alike; None where there are none, or it cannot be."""
        if not rows:
            return None
        said = json.loads(read_bytes(self._hold.run.paths.submission(submission.token).request))
        array = Array(Wave(said["begin_s"], tuple(said["exclude"]), rows), submission.pack)
        self._number += 1
        try:
            return prepare(self._hold, self._executor, submission.task, array, self._number, said["behind"])
        except Purged:  # which is seen to when they are planned
            return None

    def _refused(self, submission: SubmissionRow, refusal: NotSubmitted) -> list[InstanceRow]:
        """Say that a submission was not taken; return the instances that fail by that."""
        is_tried_again = submission.state == "intent"
        least = "not even one element is taken: " if refusal.over_limit and is_tried_again else ""
        words = f"{submission.task}: {least}{refusal}{f'; {TRIED_AGAIN}' if is_tried_again else ''}"
        self._hold.messages.append(words)
        left = self.left_of(submission) if submission.state == "refused" else ()
        return [row._replace(state=InstanceState.FAILED, reason=words) for row in left]

    def _clear(self, ended: Iterable[SubmissionRow]) -> None:
        for row in ended:
            from reflow.run.ending import clear  # most are taken, and end elsewhere

            clear(self._hold, row)

    def hand_over_again(self, rows: Sequence[SubmissionRow]) -> None:
        """Submit intents that were certainly not taken, but for those of which nothing is wanted any more.

        That they are on their way again is written down first: should this process die, their answer is unknown.
        """
        wanted = [row._replace(created=now_ms(), ended=None) for row in rows if self.left_of(row)]
        tokens = {row.token for row in wanted}
        dropped = [self._given_up(row) for row in rows if row.token not in tokens]
        if rows:
            self._hold.apply(Changes(submissions=[*wanted, *dropped]))
        self._clear(dropped)
        for row in wanted:
            forget_answer(self._hold, row)
        if wanted:
            self.hand_over(wanted)

    def call_off(self, submissions: Iterable[SubmissionRow]) -> None:
        """Cancel the jobs of submissions that were cancelled, whoever had no time to do so.

        That of others whose instances all have an outcome end by themselves: the last one out goes on in one.
        """
        paths, ledger = self._hold.run.paths, self._hold.ledger
        unwanted = [
            row.native_id for row in submissions if row.native_id and is_cancelled(paths, ledger, row)
        ]
        if unwanted:
            try:
                self._executor.cancel(unwanted)
            except SchedulerError as error:
                self._hold.tell_unheard(error)

    def call_off_elements(self, submission: SubmissionRow, active: Collection[int]) -> None:
        """Cancel single elements that were cancelled, whoever had no time to do so, or was not heard."""
        unwanted = cancelled_elements(self._hold.ledger, submission) & set(active) if active else set()
        if unwanted:
            unwanted -= finished_elements(self._hold.run.paths.submission(submission.token))
        if unwanted and submission.native_id:
            try:
                self._executor.cancel_elements(submission.native_id, unwanted)
            except SchedulerError as error:
                self._hold.tell_unheard(error)

    def left_of(self, submission: SubmissionRow) -> list[InstanceRow]:
        """Return the instances that are still handed over in a submission."""
        return of_submission(self._hold.ledger, submission, InstanceState.SUBMITTED)


def _newest(hold: Hold) -> int:
    """Return the highest number that a submission has had: a rebuilt ledger may not know all of them."""
    known = max((row.number for row in hold.ledger.submissions()), default=0)
    return max(known, last_before_opened(hold.run.paths))
