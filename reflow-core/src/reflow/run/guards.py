"""What sees to it that a run on a scheduler goes on, whatever dies: its watchdogs and its safety net."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reflow.contracts.executor import Executor
from reflow.errors import NotSubmitted, SchedulerError, SubmissionUnknown
from reflow.model.records import Changes, SubmissionRow
from reflow.run.clock import now_ms
from reflow.run.hold import Hold
from reflow.run.small_jobs import (
    NET,
    WATCHDOG,
    dispatch_mode,
    is_small,
    net_begins_s,
    small_request,
    small_submission,
    watched,
)


class Guards:
    """Submits and retires the small jobs of one run, under its lease."""

    def __init__(self, hold: Hold, executor: Executor) -> None:
        self._hold = hold
        self._executor = executor
        self._allowed = dispatch_mode(hold.run) != "poke"

    def watch(self, submissions: Iterable[SubmissionRow]) -> None:
        """Put a watchdog behind each submission that was accepted and has none."""
        known = {watched(row) for row in self._hold.overview().submissions}
        bare = [s for s in submissions if s.state == "open" and s.native_id and s.token not in known]
        if bare and self._allowed:
            self._hand_over(
                [small_submission(self._hold.run, f"{WATCHDOG}{s.token}", s.number) for s in bare]
            )

    def keep_net(self, *, used: str = "") -> None:
        """See to it that a safety net is queued; ``used`` is the token of the one that asks, if it is one."""
        nets = [row for row in self._hold.overview().submissions if row.task == NET]
        if any(row.token != used for row in nets) or not self._allowed:
            return
        before = sum(1 for row in self._hold.ledger.submissions() if row.task == NET)
        net = small_submission(self._hold.run, NET, before)
        self._hand_over([net], ended=[row for row in nets if row.token == used])

    def retire(self) -> None:
        """Cancel the watchdogs of submissions that have ended."""
        rows = self._hold.overview().submissions
        alive = {row.token for row in rows if not is_small(row)}
        self._end([row for row in rows if watched(row) and watched(row) not in alive])

    def end(self) -> None:
        """Cancel all small jobs, since the run is over."""
        self._end([row for row in self._hold.overview().submissions if is_small(row)])

    def hand_over_again(self, rows: Sequence[SubmissionRow]) -> list[SubmissionRow]:
        """Submit intents of small jobs and return their rows with the answers."""
        return [self._submitted(row) for row in rows]

    def _hand_over(self, rows: list[SubmissionRow], ended: Sequence[SubmissionRow] = ()) -> None:
        self._hold.apply(Changes(submissions=rows))
        done = [row._replace(state="ended", ended=now_ms()) for row in ended]
        self._hold.apply(Changes(submissions=[*self.hand_over_again(rows), *done]))

    def _submitted(self, row: SubmissionRow) -> SubmissionRow:
        run = self._hold.run
        natives = {s.token: s.native_id for s in self._hold.overview().submissions if s.native_id}
        before = [natives[watched(row)]] if watched(row) in natives else []
        limits = [node.resources.time_s for node in run.graph.tasks.values()]
        begin_s = net_begins_s(limits, row.number) if row.task == NET else 0
        try:
            native_id = self._executor.submit(small_request(run, row, [n for n in before if n], begin_s))
        except SubmissionUnknown:
            return row
        except NotSubmitted as error:
            self._hold.messages.append(
                f"no {row.task.strip('@').partition(':')[0]} could be submitted: {error}"
            )
            return row._replace(state="ended", ended=now_ms())
        return row._replace(state="open", native_id=native_id)

    def _end(self, rows: Sequence[SubmissionRow]) -> None:
        if not rows:
            return
        try:
            self._executor.cancel([row.native_id for row in rows if row.native_id])
        except SchedulerError as error:
            self._hold.messages.append(f"small jobs of this run could not be cancelled: {error}")
        self._hold.apply(Changes(submissions=[row._replace(state="ended", ended=now_ms()) for row in rows]))
