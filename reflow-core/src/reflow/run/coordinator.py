"""One pass over a run: requests, outcomes, what ended, the plan, what is handed over.

Everything is committed before it is acted on, so that a kill between any two lines leaves what the next
pass, by whomever, finds and goes on with.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from reflow.contracts.executor import Executor, ResidentExecutor
from reflow.errors import SchedulerError
from reflow.model.records import Changes, InstanceRow, Overview, SubmissionRow
from reflow.model.states import InstanceState, RunState
from reflow.plan.decide import run_state
from reflow.run.capacity import Capacity
from reflow.run.clock import now_ms
from reflow.run.ending import clear, close_submission
from reflow.run.guards import Guards
from reflow.run.handover import Intent, is_cancelled, of_submission, prepare, submit
from reflow.run.hold import RESULTS_WAIT, Hold
from reflow.run.ingest import Batch, hand_back, ingest, tried_again
from reflow.run.listing import run_entry
from reflow.run.planning import Planned, Planner
from reflow.run.publish import publish
from reflow.run.reconcile import last_starts
from reflow.run.repair import missing_inputs
from reflow.run.requests import carry_out
from reflow.run.small_jobs import is_small
from reflow.run.tries import waves
from reflow.run.upstream import Purged
from reflow.run.verdict import Verdict
from reflow.rundir.messages import take_back, told

_SUBMITTED = InstanceState.SUBMITTED


class Coordinator:
    """Advances one run while its lease is held."""

    def __init__(self, hold: Hold, executor: Executor, guards: Guards | None = None) -> None:
        self._hold = hold
        self._guards = guards
        self._executor = executor
        self._planner = Planner(hold)
        self._cancels_done: set[str] = set()
        self._control_seen = -1
        self._number = max((row.number for row in hold.ledger.submissions()), default=0)

    def step(
        self,
        batches: Iterable[Batch] = (),
        ended: Iterable[str] = (),
        given_up: Mapping[str, str] | None = None,
        *,
        charge: bool = True,
        verdicts: Mapping[str, Mapping[int, Verdict]] | None = None,
    ) -> RunState:
        """Make one pass and return how the run stands.

        Args:
            batches: Outcomes that have come in.
            ended: Tokens of submissions of which nothing more will come.
            given_up: Of these, those that cannot be tried again, and why.
            charge: Whether an instance that ended without an outcome is charged for it.
            verdicts: By token, what became of elements that were lost.
        """
        ingest(self._hold, batches)
        self.hear()
        self._cancelled_outside(verdicts or {})
        self._end(set(ended), given_up or {}, verdicts or {}, charge=charge)
        while self._plan():
            pass
        return self._settle()

    def hear_held(self) -> RunState:
        """Carry out cancels of a run that is held, and nothing else; return how it stands then."""
        self.hear()
        return self._settle()

    def settle(self, batches: Iterable[Batch], ended: Iterable[str]) -> RunState:
        """Take in outcomes and carry out requests, but hand nothing over."""
        ingest(self._hold, batches)
        self.hear()
        self._end(set(ended), {}, {}, charge=False)
        return self._settle()

    def hear(self) -> None:
        """Carry out requests, if any were left since the last time."""
        changed = os.stat(self._hold.run.paths.control).st_mtime_ns
        if changed != self._control_seen:
            carry_out(self._hold, self._executor, self._cancels_done)
            self._control_seen = changed

    def _cancelled_outside(self, verdicts: Mapping[str, Mapping[int, Verdict]]) -> None:
        """Have instances that were never started share the fate of their element, when that was cancelled."""
        for row in self._hold.overview().submissions if verdicts else ():
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

    def _end(
        self,
        ended: set[str],
        given_up: Mapping[str, str],
        verdicts: Mapping[str, Mapping[int, Verdict]],
        *,
        charge: bool,
    ) -> None:
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
        again: Counter[tuple[str, str]] = Counter()
        for row in left:
            element = (row.position or 0) // (submission.pack or 1)
            verdict = lost.get(element)
            is_free = verdict is not None and element in worked
            back = hand_back(row, charge=charge and not is_free, verdict=verdict)
            if verdict is not None and back.state is InstanceState.PENDING:
                again[row.task, verdict.reason] += 1
            yield back
        self._hold.messages += tried_again(again)

    def _plan(self) -> bool:
        """Plan once, write it and hand it over; return whether there was anything."""
        overview = self._hold.overview()
        if overview.state is not RunState.RUNNING:
            return False
        if any(counts.get(InstanceState.PENDING) for counts in overview.counts.values()):
            self._publish()  # what pending instances wait for may be there
        try:
            planned = self._planner.look(overview)
            if planned.is_empty:
                return False
            if self._opens_missing(planned, overview):
                return True
            if planned.run:
                self._warm_up()
            intents, later = self._prepare(planned, overview)
        except Purged as lost:
            self._open_again(lost)
            return True
        if not (intents or planned.tasks or planned.rows):
            return False
        rows = [*planned.rows, *later, *(row for intent in intents for row in intent.rows)]
        submissions = [intent.submission for intent in intents]
        self._hold.apply(
            Changes(tasks=planned.tasks, instances=rows, submissions=submissions, dropped=planned.dropped)
        )
        self.hand_over(submissions)
        return True

    def _opens_missing(self, planned: Planned, overview: Overview) -> bool:
        """Have those reused outputs made again first that are needed now, and of which files are gone."""
        if not (planned.run and self._hold.run.info["options"]["verify"]):
            return False
        tasks, rows = missing_inputs(self._hold, overview, planned.run)
        if rows:
            self._hold.apply(Changes(tasks=tasks, instances=rows))
        return bool(rows)

    def hand_over(self, submissions: Sequence[SubmissionRow]) -> None:
        """Give intents to the executor and write down its answers."""
        if not submissions:
            return
        answered: list[SubmissionRow] = []
        failed: list[InstanceRow] = []
        known = self._hold.overview().submissions
        for submission in submissions:
            answer = submit(self._hold, self._executor, submission, [*known, *answered])
            answered.append(answer)
            if answer.state == "refused":
                left, words = self.left_of(answer), self._hold.messages[-1]
                failed += [row._replace(state=InstanceState.FAILED, reason=words) for row in left]
        self._hold.apply(Changes(submissions=answered, instances=failed))
        if self._guards is not None:
            self._guards.watch(answered)

    def hand_over_again(self, rows: Sequence[SubmissionRow]) -> None:
        """Submit intents that were certainly not taken, but for those of which nothing is wanted any more."""
        wanted = [row._replace(created=now_ms()) for row in rows if self.left_of(row)]
        tokens = {row.token for row in wanted}
        dropped = [row._replace(state="ended", ended=now_ms()) for row in rows if row.token not in tokens]
        if rows:
            self._hold.apply(Changes(submissions=[*wanted, *dropped]))
        for row in dropped:
            clear(self._hold, row)
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

    def _warm_up(self) -> None:
        if isinstance(self._executor, ResidentExecutor):
            run = self._hold.run
            self._executor.warm_up(
                run.serve_argv, run.info["cwd"], run.paths.driver_log, self._executor.slots
            )

    def _prepare(self, planned: Planned, overview: Overview) -> tuple[list[Intent], list[InstanceRow]]:
        """Write the payloads of what can be handed over now; return what must wait for room, too."""
        if not planned.run:
            return [], []
        capacity = Capacity(self._hold, self._executor, overview.submissions)
        intents: list[Intent] = []
        waiting: list[InstanceRow] = []
        for task, rows in planned.run.items():
            for wave in waves(rows):
                arrays, later = capacity.take(self._hold.run.graph.tasks[task], wave)
                waiting += later
                for array in arrays:
                    self._number += 1
                    intents.append(prepare(self._hold, self._executor, task, array, self._number))
        return intents, waiting

    def _open_again(self, lost: Purged) -> None:
        """Have a reused task run, whose outputs the results cannot give back."""
        self._hold.messages.append(
            f"{lost.task}: its reused outputs cannot be read, so it runs again: {lost}"
        )
        reused = self._hold.ledger.instances(lost.task, {InstanceState.REUSED})
        opened = [r._replace(state=InstanceState.PENDING, output=None, fresh=True) for r in reused]
        self._hold.apply(Changes(instances=opened))

    def _publish(self) -> None:
        done = publish(self._hold)
        if done > self._hold.overview().published:
            self._hold.apply(Changes(published=done))

    def _settle(self) -> RunState:
        """Write down that the run is over, once it is, with all its outputs in the results."""
        overview = self._hold.overview()
        if overview.state.is_over and overview.published < overview.outputs:
            self._publish()  # they were out of reach when it ended
            self._catch_up()
        if overview.state not in (RunState.RUNNING, RunState.HELD):
            return overview.state
        state = run_state(overview.tasks, overview.counts)
        if state.is_over and self._may_end_as(state, overview):
            self._hold.apply(Changes(run=state, published=publish(self._hold)))
            self._catch_up()
            return state
        return overview.state

    def _may_end_as(self, state: RunState, overview: Overview) -> bool:
        """Whether nothing stands in the way of the end; on a scheduler a cancelled run does not wait for its jobs."""
        open_rows = [row for row in overview.submissions if not is_small(row)]
        has_no_say = self._guards is not None and state is RunState.CANCELLED
        return not open_rows or (has_no_say and all(row.state == "open" for row in open_rows))

    def _catch_up(self) -> None:
        """Once all results have reached the store, take back that they had not, and see that the run is listed."""
        overview, run = self._hold.overview(), self._hold.run
        if overview.published == overview.outputs and any(m.endswith(RESULTS_WAIT) for m in told(run.paths)):
            self._hold.results.record_run(run_entry(run.paths, run.info))
            take_back(run.paths, RESULTS_WAIT)
