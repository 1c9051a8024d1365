"""What sees to it that a run on a scheduler goes on, whatever dies: its watchdogs and its safety net."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from reflow.contracts.executor import Executor, JobRequest
from reflow.errors import NotSubmitted, SchedulerError, SubmissionUnknown
from reflow.model.records import Changes, SubmissionRow
from reflow.plan.decide import run_state
from reflow.run.clock import now_ms
from reflow.run.handover import TRIED_AGAIN, frame_of, is_refused_for_now, under_way
from reflow.run.hold import Hold
from reflow.run.small_jobs import (
    NET,
    WATCHDOG,
    dispatch_of,
    has_small_jobs,
    is_dismissed,
    is_small,
    net_begins_s,
    partition_of,
    small_request,
    small_submission,
    watchdog_begins_s,
    watchdog_of,
    watched,
)
from reflow.run.standing import Reports, is_gone, is_settled


class Guards:
    """Submits and retires the small jobs of one run, under its lease."""

    def __init__(self, hold: Hold, executor: Executor) -> None:
        self._hold = hold
        self._executor = executor
        self._dispatch = dispatch_of(hold.run)
        self._allowed = has_small_jobs(self._dispatch)
        self.hear: Callable[[], object] = lambda: None  #: carries out what users asked for meanwhile

    def watch(self, submissions: Iterable[SubmissionRow], *, used: str = "") -> None:
        """Put a watchdog behind what was accepted of each task and has none; ``used`` is one that has looked."""
        self._hand_over(self.needed(submissions, used=used))

    def needed(self, submissions: Iterable[SubmissionRow], *, used: str = "") -> list[SubmissionRow]:
        """Return the intents of such watchdogs: `submit` them once they are written down.

        The run's first one brings the safety net along: what is written at once is synced once.
        """
        known = self._guarded(row for row in self._on_duty() if row.token != used)
        bare: dict[str, list[SubmissionRow]] = {}
        for row in submissions if self._allowed else ():
            if row.state == "open" and row.token not in known:
                bare.setdefault(row.task, []).append(row)
        dogs = [self._new_watchdog(rows) for rows in bare.values()]
        return [*dogs, *self._new_net("")] if dogs else []

    def watch_unanswered(self, submissions: Sequence[SubmissionRow], *, used: str = "") -> None:
        """See to it that somebody looks soon at submissions whose answer never came, where no watchdog will."""
        rows = self._hold.overview().submissions
        at_work = {row.token for row in rows if row.state == "open"}  # which may take for days
        others = [r for r in self._on_duty() if watched(r) and r.token != used and not watched(r) & at_work]
        if submissions and not others and self._allowed:
            self._hand_over([self._new_watchdog(submissions)])

    def keep_net(self, *, used: str = "") -> None:
        """See to it that a safety net is queued; ``used`` is the token of the small job that asks, if it is one."""
        self._hand_over(self._new_net(used))

    def is_guarded(self, *, used: str = "") -> bool:
        """Whether a small job will look at the run, or none is allowed to."""
        rows = (row for row in self._on_duty() if row.state == "open" and row.token != used)
        return not self._allowed or any(rows)

    def refused(self) -> list[str]:
        """Return how messages begin that tell of small jobs which were not taken, and still are missing."""
        rows = self._hold.overview().submissions
        guards = [row for row in self._on_duty() if row.state == "open"]
        guarded = self._guarded(guards)
        is_bare = any(not is_small(row) and row.token not in guarded for row in rows)
        has_net = any(row.task == NET for row in guards)
        return [*([_refused(WATCHDOG)] if is_bare else []), *([] if has_net else [_refused(NET)])]

    def drop_dead(self, told: Reports) -> None:
        """Leave small jobs that are there no more though nobody here ended them, so that others follow.

        Args:
            told: How they stand.
        """
        rows = [row for row in self._small() if row.native_id]
        self.leave(
            row.token for row in rows if is_gone(self._executor, row, told.get(str(row.native_id), {}).get(0))
        )

    def retire(self, *, used: str = "") -> None:
        """Cancel the watchdogs of submissions that have ended, once what follows them has its own.

        Until then they stay: whoever waits for an answer that did not come has to be one of them. What was dismissed
        and not heard of it is told again.
        """
        rows = self._hold.overview().submissions
        tasks = [row for row in rows if not is_small(row)]
        guards = [row for row in self._on_duty() if row.token != used]
        guarded = self._guarded(row for row in guards if row.state == "open")
        over = [row for row in self._small() if is_dismissed(row) and row.token != used]
        if all(row.state == "open" and row.token in guarded for row in tasks):
            alive = {row.token for row in tasks}
            over += [row for row in guards if watched(row) and not watched(row) & alive]
        self._end(over)

    def end(self, *, used: str = "") -> None:
        """Cancel all small jobs, since the run is over; the one that asks ends by itself."""
        self._end([row for row in self._small() if row.token != used])
        self.leave([used])

    def leave(self, tokens: Iterable[str]) -> None:
        """Write down that small jobs have ended."""
        over = set(tokens)
        rows = [row._replace(state="ended", ended=now_ms()) for row in self._small() if row.token in over]
        if rows:
            self._hold.apply(Changes(submissions=rows))

    def hand_over_again(self, rows: Sequence[SubmissionRow]) -> None:
        """Submit intents of small jobs, but for those of which nobody has any use by now."""
        overview = self._hold.overview()
        alive = set() if overview.state.is_over else {row.token for row in overview.submissions}
        needed = [row for row in rows if alive and (row.task == NET or watched(row) & alive)]
        self.leave({row.token for row in rows} - {row.token for row in needed})
        self._hand_over([row._replace(created=now_ms()) for row in needed])

    def _small(self) -> list[SubmissionRow]:
        return [row for row in self._hold.overview().submissions if is_small(row)]

    def _on_duty(self) -> list[SubmissionRow]:
        return [row for row in self._small() if not is_dismissed(row)]

    def _guarded(self, rows: Iterable[SubmissionRow]) -> frozenset[str]:
        return frozenset().union(*map(watched, rows))

    def _new_watchdog(self, rows: Sequence[SubmissionRow]) -> SubmissionRow:
        tokens = {row.token for row in rows}
        before = sum(1 for row in self._hold.ledger.submissions() if watched(row) & tokens)
        return small_submission(self._hold.run, watchdog_of(rows), before)

    def _new_net(self, used: str) -> list[SubmissionRow]:
        if not self._allowed or any(row.task == NET and row.token != used for row in self._on_duty()):
            return []
        before = sum(1 for row in self._hold.ledger.submissions() if row.task == NET)
        return [small_submission(self._hold.run, NET, before)]

    def _hand_over(self, rows: list[SubmissionRow]) -> None:
        if rows:
            self._hold.apply(Changes(submissions=rows))
            self.submit(rows)

    def submit(self, rows: Sequence[SubmissionRow]) -> None:
        """Submit intents of small jobs that are written down, all at once, and write down the answers."""
        if rows:
            self._hold.apply(Changes(submissions=self._submitted(rows)))

    def _submitted(self, rows: Sequence[SubmissionRow]) -> list[SubmissionRow]:
        self.hear()
        if self._is_over():
            return [row._replace(state="ended", ended=now_ms()) for row in rows]
        answers = self._executor.submit_all([self._request(row) for row in rows])
        return [self._answered(row, answer) for row, answer in zip(rows, answers, strict=True)]

    def _request(self, row: SubmissionRow) -> JobRequest:
        run = self._hold.run
        rows = [s for s in self._hold.overview().submissions if s.token in watched(row)]
        before = [s.native_id for s in rows if s.native_id]
        limits = [node.resources.time_s for node in run.graph.tasks.values()]
        looks = row.number if before else max(1, row.number)
        begin_s = net_begins_s(limits, row.number) if row.task == NET else watchdog_begins_s(looks)
        return small_request(frame_of(run), self._dispatch, row, before, begin_s, self._longest_s())

    def _answered(self, row: SubmissionRow, answer: str | NotSubmitted | SubmissionUnknown) -> SubmissionRow:
        if isinstance(answer, str):
            self._hold.is_heard = True
            return row._replace(state="open", native_id=answer)
        if isinstance(answer, SubmissionUnknown):
            return under_way(row)
        self._hold.messages.append(f"{_refused(row.task)} {answer}; {TRIED_AGAIN}")
        return row._replace(state="ended", ended=now_ms())

    def _is_over(self) -> bool:
        """Whether all was cancelled, and nobody has to look whether a job of it is there after all."""
        overview = self._hold.overview()
        unanswered = [r for r in overview.submissions if r.state == "intent" and not is_small(r)]
        is_certain = all(map(is_refused_for_now, unanswered))
        return is_certain and run_state(overview.tasks, overview.counts).is_over

    def _longest_s(self) -> int | None:
        """Return how much time the partition of small jobs gives: one that asks for more would wait for ever."""
        try:
            return self._executor.longest_s(partition_of(self._dispatch, self._hold.run.info["defaults"]))
        except SchedulerError:
            return None

    def _end(self, rows: Sequence[SubmissionRow]) -> None:
        """Cancel small jobs; those of which it is not certain that they are gone are dismissed, and told again."""
        gone = self._told_to_end(rows)
        self.leave(gone)
        late = [row for row in rows if row.token not in gone and not is_dismissed(row)]
        if late:
            self._hold.apply(Changes(submissions=[row._replace(ended=now_ms()) for row in late]))

    def _told_to_end(self, rows: Sequence[SubmissionRow]) -> set[str]:
        """Cancel small jobs, and return the tokens of those that are gone then, or were never there."""
        unanswered = [row.token for row in rows if not row.native_id]
        try:
            found = self._executor.find(unanswered) if unanswered else {}
            natives = [native for row in rows if (native := row.native_id or found.get(row.token))]
            if natives:
                self._executor.cancel(natives)
        except SchedulerError as error:  # they are told again by whoever comes next, be it one of them
            self._hold.tell_unheard(error, "small jobs of this run could not be cancelled:")
            return set()
        return {
            row.token
            for row in rows
            if row.native_id
            or row.token in found
            or is_settled(self._executor, row)  # else it may still arrive
        }


def _refused(task: str) -> str:
    return f"no {task.strip('@').partition(':')[0]} could be submitted:"
