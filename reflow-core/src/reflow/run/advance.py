"""Advancing a run whose work a scheduler does: one pass, or as many as it takes, and nobody stays."""

from __future__ import annotations

from reflow.contracts.executor import Executor
from reflow.errors import SchedulerError
from reflow.filesystem.locks import Holder
from reflow.model.records import Changes, SubmissionRow
from reflow.model.states import RunState
from reflow.run.clock import now_ms, sleep
from reflow.run.coordinator import Coordinator
from reflow.run.guards import Guards
from reflow.run.hold import Hold, held
from reflow.run.ingest import Batch
from reflow.run.opened import OpenRun
from reflow.run.reconcile import Lost, find_lost, is_done, parts_of
from reflow.run.recover import read_batch, written
from reflow.run.small_jobs import is_small
from reflow.run.status import save_picture
from reflow.rundir.completion import finished_elements
from reflow.rundir.control import list_requests, take_notes
from reflow.rundir.messages import tell

SETTLE_S = 60.0  #: how long after an unclear answer a request may still turn up in the queue


def advance(run: OpenRun, *, caller: str = "", wait: bool = False) -> RunState | None:
    """Advance a run as far as it goes without waiting for work, and return how it stands.

    Whoever else holds the lease is left a note, and makes one more pass: then None is returned.

    Args:
        caller: The token of the small job that calls, if it is one.
        wait: Whether this process may stay for the minute or two that certainty about lost work can take.

    Raises:
        OutOfReach: The run directory or the ledger cannot be read or written.
    """
    while True:
        with held(run) as hold:
            if isinstance(hold, Holder):
                return None
            state = _Pass(run, hold, wait=wait).make(caller)
            tell(run.paths, hold.take_messages())
        save_picture(run)
        if not take_notes(run.paths) and not any(r.kind == "retry" for r in list_requests(run.paths)):
            return state


def advance_for(run: OpenRun, token: str) -> RunState | None:
    """Advance a run on behalf of the job of a submission: the last element out, a watchdog, the safety net.

    A safety net that is not the run's current one does nothing, since another has taken its place.
    """
    found = run.ledger.submissions([token])
    small = bool(found) and is_small(found[0])
    if small and found[0].state == "ended":
        return None
    return advance(run, caller=token, wait=small)


class _Pass:
    """One pass under one lease."""

    def __init__(self, run: OpenRun, hold: Hold, *, wait: bool) -> None:
        self._run = run
        self._hold = hold
        self._wait = wait
        self._executor: Executor = run.executor
        self._guards = Guards(hold, run.executor)
        self._coordinator = Coordinator(hold, run.executor, self._guards)

    def make(self, caller: str) -> RunState:
        """Take in what has come, find what was lost, hand over what is ready."""
        self._answer_intents()
        state = self._step([])
        rows = self._open()
        if state is RunState.RUNNING and rows:
            lost = find_lost(self._hold, self._executor, rows, wait=self._wait)
            if lost:
                state = self._step(lost)
        if state.is_over:
            self._guards.end()
            return state
        self._guards.keep_net(used=caller)
        self._guards.retire()
        return state

    def _open(self) -> list[SubmissionRow]:
        return [row for row in self._hold.overview().submissions if not is_small(row) and row.state == "open"]

    def _step(self, lost: list[Lost]) -> RunState:
        rows = self._open()
        given_up = {one.submission.token: one for one in lost}
        batches = [batch for row in rows for batch in self._sealed(row)]
        for one in lost:
            batches += self._dead(one)
        ended = [row.token for row in rows if self._has_ended(row, given_up.get(row.token))]
        return self._coordinator.step(batches, ended, verdicts={t: o.verdicts for t, o in given_up.items()})

    def _sealed(self, row: SubmissionRow) -> list[Batch]:
        """Read what has been sealed; a part is another's, or that of a writer that is known to be dead."""
        return [batch for batch in written(self._hold, row.token) if not batch.segment.endswith(".part")]

    def _dead(self, lost: Lost) -> list[Batch]:
        token = lost.submission.token
        found = []
        for name in parts_of(self._run.paths.submission(token), lost.verdicts):
            batch = read_batch(self._hold, token, name, lost.verdicts[int(name.partition(".")[0])])
            if batch is not None:
                found.append(batch)
        return found

    def _has_ended(self, row: SubmissionRow, lost: Lost | None) -> bool:
        paths = self._run.paths.submission(row.token)
        if lost is None:
            return is_done(paths, row.count)
        return finished_elements(paths) | lost.verdicts.keys() >= set(range(row.count))

    def _answer_intents(self) -> None:
        """Find out about submissions whose answer never came, and make those again that certainly were not taken."""
        intents = [row for row in self._hold.overview().submissions if row.state == "intent"]
        if not intents:
            return
        try:
            found = self._settled_find(intents)
        except SchedulerError as error:
            self._hold.messages.append(f"the scheduler did not say which jobs it has: {error}")
            return
        adopted = [r._replace(state="open", native_id=found[r.token]) for r in intents if r.token in found]
        again = [r for r in intents if r.token not in found and self._is_settled(r)]
        self._hold.apply(Changes(submissions=adopted))
        self._guards.watch(row for row in adopted if not is_small(row))
        self._coordinator.hand_over([row for row in again if not is_small(row)])
        answered = self._guards.hand_over_again([row for row in again if is_small(row)])
        if answered:
            self._hold.apply(Changes(submissions=answered))

    def _settled_find(self, intents: list[SubmissionRow]) -> dict[str, str]:
        tokens = [row.token for row in intents]
        found = self._executor.find(tokens)
        while self._wait and not all(r.token in found or self._is_settled(r) for r in intents):
            self._hold.lease.beat()
            sleep(5.0)
            found = self._executor.find(tokens)
        return found

    def _is_settled(self, row: SubmissionRow) -> bool:
        return now_ms() - row.created > SETTLE_S * 1000
