"""One pass over a run: requests, outcomes, what ended, the plan, what is handed over.

Everything is committed before it is acted on, so that a kill between any two lines leaves what the next
pass, by whomever, finds and goes on with.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from reflow.contracts.executor import Executor, ResidentExecutor
from reflow.model.records import Changes, InstanceRow, Overview
from reflow.model.states import InstanceState, RunState
from reflow.plan.decide import run_state
from reflow.plan.expand import waiting_behind
from reflow.run.draft import Draft, Planned
from reflow.run.hold import RESULTS_WAIT, Hold
from reflow.run.listing import run_entry
from reflow.run.planning import Planner
from reflow.run.upstream import Purged
from reflow.rundir.control import list_requests
from reflow.rundir.messages import take_back, told

# What moves instances is imported once one moves: a run may reuse everything.
if TYPE_CHECKING:
    from reflow.run.ended import Verdicts
    from reflow.run.guards import Guards
    from reflow.run.handover import Intent
    from reflow.run.ingest import Batch
    from reflow.run.submissions import Submissions


class Coordinator:
    """Advances one run while its lease is held."""

    def __init__(self, hold: Hold, executor: Executor, guards: Guards | None = None) -> None:
        self._hold = hold
        self._guards = guards
        self._executor = executor
        self._planner = Planner(hold)
        self._cancels_done: set[str] = set()
        self._control_seen = -1
        self._submissions: Submissions | None = None
        if guards is not None:
            guards.hear = self.hear

    @property
    def submissions(self) -> Submissions:
        """What hands work over."""
        if self._submissions is None:
            from reflow.run.submissions import Submissions

            self._submissions = Submissions(self._hold, self._executor, self._guards, self.hear)
        return self._submissions

    def step(
        self,
        batches: Iterable[Batch] = (),
        ended: Iterable[str] = (),
        given_up: Mapping[str, str] | None = None,
        *,
        charge: bool = True,
        verdicts: Verdicts | None = None,
    ) -> RunState:
        """Make one pass and return how the run stands.

        Args:
            batches: Outcomes that have come in.
            ended: Tokens of submissions of which nothing more will come.
            given_up: Of these, those that cannot be tried again, and why.
            charge: Whether an instance that ended without an outcome is charged for it.
            verdicts: By token, what became of elements that were lost.
        """
        self._ingest(batches)
        self.hear()
        if verdicts:
            from reflow.run.ended import cancelled_outside

            cancelled_outside(self._hold, verdicts)
        self._end(ended, given_up or {}, verdicts or {}, charge=charge)
        while self._plan():
            pass
        return self._settle()

    def stays_held(self) -> bool:
        """Whether a run is held, and still is once cancels were carried out: nothing else is done for it then."""
        if self._hold.overview().state is not RunState.HELD:
            return False
        self.hear()
        return self._settle() is RunState.HELD

    def settle(self, batches: Iterable[Batch], ended: Iterable[str]) -> RunState:
        """Take in outcomes and carry out requests, but hand nothing over."""
        self._ingest(batches)
        self.hear()
        self._end(ended, {}, {}, charge=False)
        return self._settle()

    def _end(
        self, ended: Iterable[str], given_up: Mapping[str, str], verdicts: Verdicts, *, charge: bool
    ) -> None:
        if tokens := set(ended):
            from reflow.run.ended import end

            end(self._hold, tokens, given_up, verdicts, charge=charge)

    def hear(self) -> bool:
        """Carry out requests, if any were left since the last time; return whether there were."""
        changed = os.stat(self._hold.run.paths.control).st_mtime_ns
        if changed == self._control_seen:
            return False
        requests = list_requests(self._hold.run.paths)
        new = [one for one in requests if one.name not in self._cancels_done]
        if requests:
            from reflow.run.requests import carry_out

            carry_out(self._hold, self._executor, requests, self._cancels_done)
        self._control_seen = changed
        return bool(new)

    def _ingest(self, batches: Iterable[Batch]) -> None:
        if batches:  # what is read one by one counts as something
            from reflow.run.ingest import ingest

            ingest(self._hold, batches)

    def _plan(self) -> bool:
        """Plan, write it and hand it over; return whether there may be more to be planned."""
        overview = self._hold.overview()
        if overview.state is not RunState.RUNNING:
            return False
        if any(counts.get(InstanceState.PENDING) for counts in overview.counts.values()):
            self._publish(overview)  # what pending instances wait for may be there
        try:
            planned = self._decided(overview)
            if planned is None or planned.is_empty:
                return planned is None
            return self._carry_out(planned)
        except Purged as lost:
            self._open_again(lost)
            return True

    def _decided(self, overview: Overview) -> Planned | None:
        """Write all that the run decides by itself, in one transaction, and return what is left of the plan."""
        draft = Draft(self._planner.upstream, self._hold.ledger, overview)
        try:
            planned = self._planner.settle(draft)
        except Purged:
            self._write(draft)
            raise
        is_all = planned is not None and planned.is_empty and overview.published == overview.outputs
        self._write(draft, self._end_of(draft, overview) if is_all else None)
        return planned

    def _write(self, draft: Draft, end: RunState | None = None) -> None:
        """Write a draft, with the end of the run if that is one; it costs as much as all the rest of a small run."""
        if not draft.is_empty:
            self._hold.apply(draft.changes()._replace(run=end))
        if end is not None:
            self._catch_up()

    def _end_of(self, draft: Draft, overview: Overview) -> RunState | None:
        """Return how a run ends that has come to its end once a draft is written."""
        if draft.is_empty:
            return None
        state = run_state(draft.tasks, draft.counts)
        return state if state.is_over and self._may_end_as(state, overview) else None

    def _carry_out(self, planned: Planned) -> bool:
        """Write a plan and hand over what is to run; return whether there was anything."""
        overview = self._hold.overview()
        if self._opens_missing(planned, overview):
            return True
        intents, later = self._prepare(planned, overview)
        if not (intents or planned.tasks or planned.rows):
            return False
        rows = [*planned.rows, *later, *(row for intent in intents for row in intent.rows)]
        submissions = [intent.submission for intent in intents]
        self._hold.apply(
            Changes(tasks=planned.tasks, instances=rows, submissions=submissions, dropped=planned.dropped)
        )
        if submissions:
            self.submissions.hand_over(submissions)
        return True

    def _prepare(self, planned: Planned, overview: Overview) -> tuple[list[Intent], list[InstanceRow]]:
        if not planned.run:
            return [], []
        self._warm_up()
        return self.submissions.prepare(planned.run, overview)

    def _warm_up(self) -> None:
        """Have resident workers started, ahead even of what hands over: they are ready by the time of the payloads."""
        if isinstance(self._executor, ResidentExecutor):
            run = self._hold.run
            log = run.make_driver_log()
            self._executor.warm_up(run.serve_argv, run.info["cwd"], log, self._executor.slots)

    def _opens_missing(self, planned: Planned, overview: Overview) -> bool:
        """Have those reused outputs made again first that are needed now, and of which files are gone."""
        if not (planned.run and self._hold.run.info["options"]["verify"]):
            return False
        from reflow.run.repair import missing_inputs

        tasks, rows = missing_inputs(self._hold, overview, planned.run)
        if rows:
            self._hold.apply(Changes(tasks=tasks, instances=rows))
        return bool(rows)

    def _open_again(self, lost: Purged) -> None:
        """Have a reused task run, whose outputs the results cannot give back, and what is behind it wait for that."""
        reused = self._hold.ledger.instances(lost.task, {InstanceState.REUSED})
        if reused:
            self._hold.messages.append(
                f"{lost.task}: its reused outputs cannot be read, so it runs again: {lost}"
            )
            self._planner.unreadable.add(lost.task)
        opened = [r._replace(state=InstanceState.PENDING, output=None, fresh=True) for r in reused]
        behind = waiting_behind(self._hold.run.graph, self._hold.overview().tasks, {lost.task})
        self._hold.apply(Changes(tasks=behind, instances=opened))

    def _publish(self, overview: Overview) -> None:
        done = self._published(overview)
        if done > overview.published:
            self._hold.apply(Changes(published=done))

    def _published(self, overview: Overview) -> int:
        """Append to the results what waits for them; return how far they have come."""
        if overview.published == overview.outputs:
            return overview.published
        from reflow.run.publish import publish

        return publish(self._hold)

    def _settle(self) -> RunState:
        """Write down that the run is over, once it is, with all its outputs in the results."""
        overview = self._hold.overview()
        if overview.state.is_over and overview.published < overview.outputs:
            self._publish(overview)  # they were out of reach when it ended
            self._catch_up()
        if overview.state not in (RunState.RUNNING, RunState.HELD):
            return overview.state
        state = run_state(overview.tasks, overview.counts)
        if state.is_over and self._may_end_as(state, overview):
            self._hold.apply(Changes(run=state, published=self._published(overview)))
            self._catch_up()
            return state
        return overview.state

    def _may_end_as(self, state: RunState, overview: Overview) -> bool:
        """Whether nothing stands in the way of the end; on a scheduler a cancelled run does not wait for its jobs."""
        if not overview.submissions:
            return True
        from reflow.run.small_jobs import is_small

        open_rows = [row for row in overview.submissions if not is_small(row)]
        has_no_say = self._guards is not None and state is RunState.CANCELLED
        return not open_rows or (has_no_say and all(row.state == "open" for row in open_rows))

    def _catch_up(self) -> None:
        """Once all results have reached the store, take back that they had not, and see that the run is listed."""
        overview, run = self._hold.overview(), self._hold.run
        if overview.published == overview.outputs and any(m.endswith(RESULTS_WAIT) for m in told(run.paths)):
            self._hold.results.record_run(run_entry(run.paths, run.info))
            take_back(run.paths, RESULTS_WAIT)
