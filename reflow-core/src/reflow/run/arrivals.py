"""What has come of the work that a scheduler was given: what was written, what is through, and what was lost."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reflow.contracts.executor import Executor
from reflow.model.records import SubmissionRow
from reflow.model.states import RunState
from reflow.run.clock import monotonic_s, sleep
from reflow.run.coordinator import Coordinator
from reflow.run.hold import Hold
from reflow.run.ingest import Batch
from reflow.run.reconcile import Lost, find_lost, is_done, last_starts
from reflow.run.recover import written
from reflow.run.standing import Reports, is_gone, open_work
from reflow.rundir.elements import finished_elements, missing_segments
from reflow.rundir.layout import SubmissionPaths
from reflow.rundir.outcomes import generation


class Arrivals:
    """Takes in, under the lease of a run, what has come of its open submissions.

    Args:
        is_job: Whether this is a job of the run, which may stay while what other nodes wrote arrives.
        waits: Whether this may stay until it is certain what was lost.
    """

    def __init__(
        self, hold: Hold, executor: Executor, coordinator: Coordinator, *, is_job: bool, waits: bool
    ) -> None:
        self._hold = hold
        self._executor = executor
        self._coordinator = coordinator
        self._is_job = is_job
        self._wait = waits

    def take_in(self, lost: Sequence[Lost] = ()) -> RunState:
        """Make a pass with all that has come."""
        rows = open_work(self._hold)
        given_up = {one.submission.token: one for one in lost}
        # what ends is looked at first: an element seals before it says that it is through
        ended = [row.token for row in rows if self._has_ended(row, given_up.get(row.token))]
        batches = [batch for row in rows for batch in self._written(row, given_up.get(row.token), ended)]
        return self._coordinator.step(batches, ended, verdicts={t: o.verdicts for t, o in given_up.items()})

    def take_in_lost(self, told: Reports, state: RunState) -> RunState:
        """Make a pass with what was lost; to be certain of that, this waits."""
        lost = find_lost(self._hold, self._executor, open_work(self._hold), told)
        return self.take_in(lost) if lost else state

    def put_away(self, told: Reports, state: RunState) -> RunState:
        """End submissions of which nothing more can come, and have those cancelled that were to be."""
        submissions, rows = self._coordinator.submissions, open_work(self._hold)
        done = [row for row in rows if not submissions.left_of(row)]
        gone = [row for row in done if self._is_gone(row, told)]
        submissions.call_off(row for row in done if row not in gone)
        for row in rows:
            reports = told.get(str(row.native_id), {})
            if row not in done:
                submissions.call_off_elements(row, [e for e in reports if reports[e].state.is_active])
        if not gone:
            return state
        batches = [batch for row in gone for batch in written(self._hold, row.token)]
        return self._coordinator.step(batches, [row.token for row in gone])

    def _is_gone(self, row: SubmissionRow, told: Reports) -> bool:
        reports = told.get(str(row.native_id), {})
        return all(is_gone(self._executor, row, reports.get(element)) for element in range(row.count))

    def _written(self, row: SubmissionRow, lost: Lost | None, ended: Collection[str]) -> list[Batch]:
        """Read what has been written by now and can be judged.

        What is in a part, or was broken off, waits until it is known what became of its writer: it died, or was
        started again and is through. Only of its last start an instance can be the one that it died in.
        """
        verdicts = lost.verdicts if lost is not None else {}
        starts = last_starts(self._hold.run.paths.submission(row.token)) if verdicts else {}
        found = []
        for batch in written(self._hold, row.token):
            if batch.element in verdicts:
                is_last = generation(batch.start) == starts.get(batch.element)
                found.append(batch._replace(death=verdicts[batch.element] if is_last else None))
            elif row.token in ended or not (batch.segment.endswith(".part") or batch.is_broken_off):
                found.append(batch)
        return found

    def _has_ended(self, row: SubmissionRow, lost: Lost | None) -> bool:
        paths = self._hold.run.paths.submission(row.token)
        if lost is None:
            return is_done(paths, row.count) and self._has_arrived(row, paths)
        return finished_elements(paths) | lost.verdicts.keys() >= set(range(row.count))

    def _has_arrived(self, row: SubmissionRow, paths: SubmissionPaths) -> bool:
        """Whether all that was sealed can be seen here; what was written on another node may come late.

        The last one out leaves what does not come to the watchdog, which has it run again.
        """
        missing = missing_segments(paths) - self._hold.ledger.segments(row.token)
        ends = monotonic_s() + float(self._hold.run.info["options"]["fs_latency_s"])
        while missing and self._is_job and monotonic_s() < ends:
            sleep(1.0)
            missing = missing_segments(paths) - self._hold.ledger.segments(row.token)
        return self._wait or not missing
