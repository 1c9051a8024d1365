"""The submissions of a run: from instances to jobs, and what becomes of instances whose jobs have ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from reflow.contracts.executor import Executor, ResidentExecutor
from reflow.errors import SchedulerError
from reflow.model.records import Changes, InstanceRow, Overview, SubmissionRow
from reflow.model.states import InstanceState
from reflow.run.capacity import Capacity
from reflow.run.clock import now_ms
from reflow.run.ending import clear, close_submission
from reflow.run.guards import Guards
from reflow.run.handover import Intent, is_cancelled, of_submission, prepare, submit
from reflow.run.hold import Hold
from reflow.run.ingest import hand_back, tried_again
from reflow.run.reconcile import last_starts
from reflow.run.tries import waves
from reflow.run.verdict import Verdict

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
        self._number = max((row.number for row in hold.ledger.submissions()), default=0)

    def prepare(
        self, run: Mapping[str, Sequence[InstanceRow]], overview: Overview
    ) -> tuple[list[Intent], list[InstanceRow]]:
        """Write the payloads of what can be handed over now; return what must wait for room, too.

        Args:
            run: The instances that are ready, by task.

        Raises:
            Purged: A reused input cannot be read.
        """
        capacity = Capacity(self._hold, self._executor, overview.submissions)
        intents: list[Intent] = []
        waiting: list[InstanceRow] = []
        for task, rows in run.items():
            for wave in waves(rows):
                arrays, later = capacity.take(self._hold.run.graph.tasks[task], wave)
                waiting += later
                for array in arrays:
                    self._number += 1
                    intents.append(prepare(self._hold, self._executor, task, array, self._number))
        return intents, waiting

    def warm_up(self) -> None:
        """Have resident workers started: they are ready by the time that the payloads are."""
        if isinstance(self._executor, ResidentExecutor):
            run = self._hold.run
            self._executor.warm_up(
                run.serve_argv, run.info["cwd"], run.paths.driver_log, self._executor.slots
            )

    def hand_over(self, submissions: Sequence[SubmissionRow]) -> None:
        """Give intents to the executor and write down its answers; what is cancelled meanwhile is not submitted."""
        answered: list[SubmissionRow] = []
        failed: list[InstanceRow] = []
        known = self._hold.overview().submissions
        heard = False
        for submission in submissions:
            heard = self._hear() or heard
            if heard and not self.left_of(submission):
                answered.append(submission._replace(state="ended", ended=now_ms()))
                continue
            row, refusal = submit(self._hold, self._executor, submission, [*known, *answered])
            answered.append(row)
            if refusal is not None:
                failed += self._refused(row, f"{row.task}: {refusal}")
        self._hold.apply(Changes(submissions=answered, instances=failed))
        self._after_answers(answered, heard)

    def _refused(self, submission: SubmissionRow, words: str) -> list[InstanceRow]:
        """Say that a submission was not taken; return the instances that fail by that."""
        self._hold.messages.append(words)
        if submission.state != "refused":
            return []
        left = self.left_of(submission)
        return [row._replace(state=InstanceState.FAILED, reason=words) for row in left]

    def _after_answers(self, answered: Sequence[SubmissionRow], heard: bool) -> None:
        for row in answered:
            if row.state == "ended":
                clear(self._hold, row)
        if heard:
            self.call_off(answered)
        if self._guards is not None:
            self._guards.watch(answered)

    def hand_over_again(self, rows: Sequence[SubmissionRow]) -> None:
        """Submit intents that were certainly not taken, but for those of which nothing is wanted any more.

        That they are on their way again is written down first: should this process die, their answer is unknown.
        """
        wanted = [row._replace(created=now_ms(), ended=None) for row in rows if self.left_of(row)]
        tokens = {row.token for row in wanted}
        dropped = [row._replace(state="ended", ended=now_ms()) for row in rows if row.token not in tokens]
        if rows:
            self._hold.apply(Changes(submissions=[*wanted, *dropped]))
        for row in dropped:
            clear(self._hold, row)
        if wanted:
            self.hand_over(wanted)

    def call_off(self, submissions: Iterable[SubmissionRow]) -> None:
        """Cancel the jobs of submissions that were cancelled, whoever had no time to do so.

        That of others whose instances all have an outcome end by themselves: the last one out goes on in one.
        """
        unwanted = [
            row.native_id for row in submissions if row.native_id and is_cancelled(self._hold.ledger, row)
        ]
        if unwanted:
            try:
                self._executor.cancel(unwanted)
            except SchedulerError as error:
                self._hold.messages.append(str(error))

    def cancelled_outside(self, verdicts: Mapping[str, Mapping[int, Verdict]]) -> None:
        """Have instances that were never started share the fate of their element, when that was cancelled."""
        for row in self._hold.overview().submissions:
            lost = verdicts.get(row.token, {})
            fates = {e: v for e, v in lost.items() if v.state is InstanceState.CANCELLED}
            left = self._hold.ledger.instances(row.task, {_SUBMITTED}) if fates else []
            cancelled = [
                r._replace(state=InstanceState.CANCELLED, reason=fates[(r.position or 0) // row.pack].reason)
                for r in left
                if r.submission == row.token and (r.position or 0) // row.pack in fates
            ]
            if cancelled:
                self._hold.apply(Changes(instances=cancelled))

    def end(
        self,
        ended: Collection[str],
        given_up: Mapping[str, str],
        verdicts: Mapping[str, Mapping[int, Verdict]],
        *,
        charge: bool,
    ) -> None:
        """Close submissions of which nothing more will come; the arguments are those of `Coordinator.step`."""
        closing = [row for row in self._hold.overview().submissions if row.token in ended]
        if not closing:
            return
        rows: list[InstanceRow] = []
        for row in closing:
            left = self.left_of(row)
            if reason := given_up.get(row.token):
                rows += [r._replace(state=InstanceState.FAILED, reason=reason) for r in left]
            else:
                rows += self._handed_back(row, left, verdicts.get(row.token, {}), charge=charge)
        failed = [row for row in rows if row.state is InstanceState.FAILED]
        closed: list[SubmissionRow] = []
        for row in closing:
            closed.append(close_submission(self._hold, row, closed, failed))
        self._hold.apply(Changes(instances=rows, submissions=closed))
        for row in closed:
            clear(self._hold, row)

    def left_of(self, submission: SubmissionRow) -> list[InstanceRow]:
        """Return the instances that are still handed over in a submission."""
        return of_submission(self._hold.ledger, submission, InstanceState.SUBMITTED)

    def _handed_back(
        self, submission: SubmissionRow, left: list[InstanceRow], lost: Mapping[int, Verdict], *, charge: bool
    ) -> Iterable[InstanceRow]:
        """Return what was not started as pending; it costs nothing where its element got as far as another."""
        worked = last_starts(self._hold.run.paths.submission(submission.token)) if lost else {}
        retries = self._hold.run.graph.tasks[submission.task].retries
        again: Counter[tuple[str, str]] = Counter()
        for row in left:
            element = (row.position or 0) // (submission.pack or 1)
            verdict = lost.get(element)
            is_free = verdict is not None and element in worked
            back = hand_back(row, charge=charge and not is_free, verdict=verdict, retries=retries)
            if verdict is not None and back.state is InstanceState.PENDING:
                again[row.task, verdict.reason] += 1
            yield back
        self._hold.messages += tried_again(again)
