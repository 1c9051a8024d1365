"""Advancing a run whose work a scheduler does: one pass, or as many as it takes, and nobody stays."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reflow.contracts.executor import Executor
from reflow.errors import SchedulerError, StoreHalfWritten
from reflow.filesystem.locks import Holder
from reflow.model.records import Changes, SubmissionRow
from reflow.model.states import InstanceState, RunState
from reflow.run.clock import monotonic_s, now_ms, sleep
from reflow.run.coordinator import Coordinator
from reflow.run.guards import Guards
from reflow.run.handover import LOOKED_UP, TRIED_AGAIN, is_refused_for_now, is_unanswered
from reflow.run.hold import ASKED_AGAIN, Hold, held
from reflow.run.opened import OpenRun
from reflow.run.small_jobs import is_dismissed, is_of_small_job, is_small
from reflow.run.standing import Reports, ask, is_settled, open_work
from reflow.run.status import save_picture
from reflow.rundir.control import list_requests, take_notes
from reflow.rundir.messages import take_back, tell
from reflow.rundir.queue import read_waits

if TYPE_CHECKING:
    from reflow.run.arrivals import Arrivals

ASK_AGAIN_S = 30.0  #: how old the scheduler's answer may be for somebody who only looks
YOUNG_S = 2.0  #: there is nothing to be asked about what was submitted just now
LOOK_AGAIN_S = 5.0  #: how often a job that may be on its way is asked for, and the lease is tried for
DEAF_S = 30.0  #: how long a job waits before it asks a scheduler again that did not answer
LEASE_S = 300.0  #: how long a small job waits for the lease; that of a dead holder is broken before
ANSWERS = 5  #: how often one process waits for the answer to a submission


def advance(run: OpenRun, *, caller: str = "", wait: bool = False) -> RunState | None:
    """Advance a run as far as it goes without waiting for work, and return how it stands.

    Whoever else holds the lease is left a note, and makes one more pass: then None is returned. Of a run that is held
    only cancels are carried out; see `reflow.run.release`.

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
            with hold.beating():
                one = _Pass(run, hold, wait=wait)
                state = one.make(caller)
                messages = hold.take_messages()
                tell(run.paths, messages)
                one.take_back(messages)
        wait = wait and not one.was_interrupted  # whoever asked for something waits for the lease
        save_picture(run)
        is_asked = state is not RunState.HELD and any(r.kind == "retry" for r in list_requests(run.paths))
        if not (take_notes(run.paths) or is_asked):
            return state


def advance_for(run: OpenRun, token: str) -> Iterator[float]:
    """Advance a run on behalf of the job of a submission: the last element out, a watchdog, the safety net.

    A small job waits for the lease, yielding for how many seconds: whether a holder on another node has died shows
    after minutes only, and nobody else may come. A safety net that is not the run's current one does nothing, since
    another has taken its place.
    """
    ends = monotonic_s() + LEASE_S
    small = is_of_small_job(run.paths, token)
    while not (small and _has_ended(run, token)):
        if advance(run, caller=token, wait=small) is not None or not small or monotonic_s() > ends:
            return
        yield LOOK_AGAIN_S


def _has_ended(run: OpenRun, token: str) -> bool:
    try:
        return any(row.state == "ended" for row in run.ledger.submissions([token]))
    except StoreHalfWritten:  # by somebody who has died, perhaps: whoever takes the lease can read it
        return False


class _Pass:
    """One pass under one lease."""

    def __init__(self, run: OpenRun, hold: Hold, *, wait: bool) -> None:
        self._run = run
        self._hold = hold
        self._wait = wait
        self._stays = wait
        self._is_job = False
        self.was_interrupted = False  #: whether it stopped waiting since something was asked for
        self._executor: Executor = run.executor
        self._guards = Guards(hold, run.executor)
        self._coordinator = Coordinator(hold, run.executor, self._guards)

    def make(self, caller: str) -> RunState:
        """Take in what has come, find what was lost, hand over what is ready."""
        self._is_job = bool(caller)
        if self._coordinator.stays_held():
            return RunState.HELD
        if self._hold.overview().state.is_over:  # should it be opened again now, it counts on none of before
            self._guards.end(used=caller)
        self._coordinator.hear()  # nothing is submitted any more once it was cancelled
        self._answer_intents()
        state = self._step()
        told = self._ask() if self._asks(caller, state) else None
        if told is not None:
            state = self._take_in(told, state)
            self._guards.drop_dead(told)
        if not state.is_over:
            self._keep_guarded(caller)
            state = self._wait_for_answers(state, caller)
            self._tell_unguarded()
        if state.is_over:
            self._guards.end(used=caller)
        return state

    def take_back(self, fresh: Sequence[str]) -> None:
        """Forget what was told of questions that have got their answer since, or of which none is wanted any more.

        Args:
            fresh: What this pass has told.
        """
        overview = self._hold.overview()
        waiting: list[str] = []
        if not overview.state.is_over:
            waiting = [f"{row.task}: " for row in self._intents()] + self._guards.refused()
        for ending in (TRIED_AGAIN, LOOKED_UP):
            take_back(self._run.paths, ending, but=waiting)
        unheard = [message for message in fresh if message.endswith(ASKED_AGAIN)]
        if unheard or self._hold.is_heard or overview.state.is_over:
            take_back(self._run.paths, ASKED_AGAIN, but=unheard)
        if overview.state.is_over or self._guards.is_guarded():
            take_back(self._run.paths, self._unguarded)

    @property
    def _unguarded(self) -> str:
        return f"no job will look at this run; {self._run.remedy}"

    def _asks(self, caller: str, state: RunState) -> bool:
        """Whether there is reason to ask the scheduler: the last one out has none, and a look not all the time.

        Jobs of which nothing is expected any more, since it was cancelled or opened again, are such a reason for
        everybody: they may be all that the end of the run waits for.
        """
        rows, counts = open_work(self._hold), self._hold.overview().counts
        if state.is_over and not rows:
            return False
        if self._wait or not all(counts.get(row.task, {}).get(InstanceState.SUBMITTED) for row in rows):
            return True
        return not (caller or self._was_asked_lately or self._is_young)

    def _step(self) -> RunState:
        return self._arrivals.take_in() if open_work(self._hold) else self._coordinator.step()

    def _take_in(self, told: Reports, state: RunState) -> RunState:
        """Take in what the scheduler has told of jobs."""
        if open_work(self._hold):
            state = self._arrivals.put_away(told, state)
        if self._wait and open_work(self._hold):
            state = self._arrivals.take_in_lost(told, state)
        return state

    @property
    def _arrivals(self) -> Arrivals:
        from reflow.run.arrivals import Arrivals  # of a run that is new nothing has come

        return Arrivals(self._hold, self._executor, self._coordinator, is_job=self._is_job, waits=self._wait)

    @property
    def _is_young(self) -> bool:
        """Whether all that is open was submitted a moment ago."""
        return all(now_ms() - row.created < YOUNG_S * 1000 for row in open_work(self._hold))

    @property
    def _was_asked_lately(self) -> bool:
        return now_ms() - read_waits(self._run.paths).as_of < ASK_AGAIN_S * 1000

    def _ask(self) -> Reports | None:
        return ask(self._hold, self._executor, self._hold.overview().submissions)

    def _wait_for_answers(self, state: RunState, caller: str) -> RunState:
        """Stay until submissions have got their answer, where that is for this process: nobody else might."""
        for _ in range(ANSWERS):
            if state.is_over or not self._is_asked_to_stay(caller):
                break
            self._stays = True
            self._answer_intents()
            state = self._step()
            if not state.is_over:
                self._keep_guarded(caller)
            if self.was_interrupted:
                break
        return state

    def _is_asked_to_stay(self, caller: str) -> bool:
        intents = list(filter(self._is_waited_for, self._intents()))
        if self._wait and any(not is_small(row) for row in intents):
            return True
        return bool(intents) and not self._guards.is_guarded(used=caller)

    def _keep_guarded(self, caller: str) -> None:
        """See to it that somebody will look again, whatever becomes of the jobs of this run."""
        self._guards.watch(open_work(self._hold), used=caller)
        self._guards.watch_unanswered([r for r in self._intents() if not is_small(r)], used=caller)
        self._guards.keep_net(used=caller)
        self._guards.retire(used=caller)
        self._guards.leave([caller])

    def _tell_unguarded(self) -> None:
        if not (self._hold.overview().state.is_over or self._guards.is_guarded()):
            self._hold.messages.append(self._unguarded)

    def _answer_intents(self) -> None:
        """Find out about submissions whose answer never came, and make those again that certainly were not taken."""
        self._drop_intents()
        intents = self._intents()
        if not intents:
            return
        try:
            found = self._settled_find(intents)
        except SchedulerError as error:
            self._hold.tell_unheard(error, "the scheduler did not say which jobs it has:")
            if self._stays and self._is_job:
                self._doze(DEAF_S)
            return
        adopted = [
            row._replace(state="open", native_id=found.get(row.token), ended=None)
            for row in intents
            if row.token in found or self._is_claimed(row)
        ]
        self._hold.is_heard = True
        known = {row.token for row in adopted}
        again = [row for row in intents if row.token not in known and self._is_due(row)]
        self._hold.apply(Changes(submissions=adopted))
        self._guards.watch(row for row in adopted if not is_small(row))
        self._coordinator.submissions.hand_over_again([row for row in again if not is_small(row)])
        self._guards.hand_over_again([row for row in again if is_small(row)])
        self._coordinator.submissions.call_off(open_work(self._hold))

    def _is_due(self, row: SubmissionRow) -> bool:
        """Whether an intent that is not there is submitted again; what was refused, at once for who asks for that."""
        is_asked_for = self._wait and not self._is_job
        return is_settled(self._executor, row) or (is_asked_for and is_refused_for_now(row))

    def _drop_intents(self) -> None:
        """End the submissions that were refused for now and are not wanted any more: no answer can change that."""
        refused = [row for row in self._intents() if is_refused_for_now(row)]
        unwanted = [row for row in refused if not self._coordinator.submissions.left_of(row)]
        if unwanted:
            self._coordinator.submissions.hand_over_again(unwanted)

    def _intents(self) -> list[SubmissionRow]:
        """Return the submissions without an answer, but for small jobs that were dismissed meanwhile."""
        rows = self._hold.overview().submissions
        return [row for row in rows if row.state == "intent" and not (is_small(row) and is_dismissed(row))]

    def _is_claimed(self, row: SubmissionRow) -> bool:
        """Whether a job has worked on a submission: it was accepted then, though nobody may remember it."""
        claims = self._run.paths.submission(row.token).claims
        return os.path.isdir(claims) and any(not name.endswith(".tmp") for name in os.listdir(claims))

    def _settled_find(self, intents: list[SubmissionRow]) -> dict[str, str]:
        tokens = [row.token for row in intents]
        found = self._executor.find(tokens)
        while self._stays and any(self._may_arrive(row) for row in intents if row.token not in found):
            if self._doze(LOOK_AGAIN_S):
                break
            found = self._executor.find(tokens)
        return found

    def _may_arrive(self, row: SubmissionRow) -> bool:
        return self._is_waited_for(row) and not is_settled(self._executor, row)

    def _is_waited_for(self, row: SubmissionRow) -> bool:
        """Whether this process may wait for the answer to an intent; what was refused is tried again by jobs alone."""
        return self._is_job or is_unanswered(row)

    def _doze(self, seconds: float) -> bool:
        """Wait; return True as soon as something was asked for."""
        ends = monotonic_s() + seconds
        while not self.was_interrupted and monotonic_s() < ends:
            sleep(1.0)
            self.was_interrupted = self._coordinator.hear()
        return self.was_interrupted
