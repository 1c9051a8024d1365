"""A new ledger for a run from what lies in its directory: every task is expanded again, as it was.

An outcome counts only where the identity of the inputs that it was made from is that of the instance that it stands
under now. So whatever was lost, nothing is taken for what it is not; at worst something runs again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from reflow.contracts.store import Ledger
from reflow.graph.model import Node
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import Changes, InstanceRow, OutputRow, Overview, TaskRow
from reflow.model.states import InstanceState, RunState, TaskState
from reflow.plan.decide import run_state
from reflow.plan.expand import expand, is_over, waiting_behind
from reflow.plan.inputs import takes_items
from reflow.plan.makers import is_foreign, work_code
from reflow.run.current import current_results
from reflow.run.ingest import output_row
from reflow.run.opened import OpenRun
from reflow.run.planning import shared_digests
from reflow.run.rebuilt import Made, with_known_hashes
from reflow.run.shared_results import SharedResults
from reflow.run.submitted import Handed, Submitted
from reflow.run.upstream import Purged, load_finished
from reflow.rundir.control import Scope, list_opened, list_requests

_PENDING, _REUSED = InstanceState.PENDING, InstanceState.REUSED


class Written(NamedTuple):
    """The ledger that is filled, and the epoch that it is written under."""

    ledger: Ledger
    epoch: int

    def apply(self, changes: Changes) -> None:
        """Write to it."""
        self.ledger.apply(changes, self.epoch)


class Replay:
    """Fills the ledger of one run, of which all tasks are waiting.

    Args:
        submitted: What was handed over, oldest first.
        results: What was reused is found there again; out of reach, it is pending.
        beat: Is called now and then, so that the lease is kept.
    """

    def __init__(
        self,
        run: OpenRun,
        written: Written,
        submitted: Sequence[Submitted],
        results: SharedResults,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        self._run = run
        self._graph = run.graph
        self._written = written
        self._results = results
        self._beat = beat
        self._by_task: dict[str, list[Submitted]] = {}
        for one in submitted:
            self._by_task.setdefault(one.row.task, []).append(one)
        self._submitted = submitted
        requests = list_requests(run.paths)
        self._cancels = [scope for r in requests if r.kind == "cancel" for scope in r.scopes]
        self._opened: dict[str, dict[int, int]] = {}  # by task and index: the last submission before
        for opened in list_opened(run.paths):
            for task, indices in opened.instances.items():
                self._opened.setdefault(task, {}).update(dict.fromkeys(indices, opened.after))
        self._digests: dict[str, bytes] = {}
        self._made: dict[tuple[str, bytes], set[bytes]] = {}  # outputs of this run, by code and identity

    def fill(self) -> RunState:
        """Write the whole, and return how the run stands: held unless it is over."""
        self._written.apply(Changes(submissions=[one.row for one in self._submitted]))
        for name in self._graph.tasks:
            self._beat()
            self._replay(self._graph.tasks[name])
        overview = self._written.ledger.overview()
        state = run_state(overview.tasks, overview.counts)
        state = state if state.is_over else RunState.HELD
        self._written.apply(Changes(run=state, published=overview.outputs))
        return state

    def _replay(self, node: Node) -> None:
        overview = self._written.ledger.overview()
        attempts = [row for one in self._by_task.get(node.name, ()) for row in one.attempts()]
        upstream = {up: overview.tasks[up] for up in self._graph.upstream(node.name)}
        if not all(is_over(row, overview.counts.get(up, {})) for up, row in upstream.items()):
            self._written.apply(Changes(tasks=self._cancelled_task(TaskRow(node.name)), attempts=attempts))
            return
        items = {s.task for e in node.inputs for s in e.sources if takes_items(s)}
        ledger = self._written.ledger
        try:
            finished = {
                up: load_finished(ledger, self._results, row, with_items=up in items)
                for up, row in upstream.items()
            }
        except Purged as lost:
            self._open_again(lost.task)
            self._written.apply(Changes(attempts=attempts))
            return
        shared = shared_digests(node, self._run.info["parameters"], self._digests)
        expansion = expand(node, finished, shared)
        if cancelled := self._cancelled_while_it_waited(node, upstream, overview):
            self._written.apply(Changes(tasks=cancelled))
            return
        rows, outputs = self._settled(node, expansion.rows)
        instances = self._cancelled(rows)
        self._written.apply(
            Changes(tasks=[expansion.task], instances=instances, outputs=outputs, attempts=attempts)
        )

    def _settled(self, node: Node, rows: Iterable[InstanceRow]) -> tuple[list[InstanceRow], list[OutputRow]]:
        """Return what instances came to, and what those returned that succeeded."""
        history = _History(self._by_task.get(node.name, ()), self._opened.get(node.name, {}))
        forced = self._is_forced(node.name)
        settled = [
            history.settled(row._replace(fresh=forced)) if row.state is _PENDING else row for row in rows
        ]
        outputs = {row.index: row for row in history.outputs}
        known = self._known_hashes(node, settled, outputs)
        settled = [
            row._replace(output=known[row.index].output) if row.index in known else row for row in settled
        ]
        for row in settled:
            if row.state is InstanceState.SUCCEEDED and row.output is not None:
                self._made.setdefault((work_code(node), row.identity), set()).add(row.output)
        return self._reused(node, settled), list((outputs | known).values())

    def _known_hashes(
        self, node: Node, rows: Sequence[InstanceRow], outputs: Mapping[int, OutputRow]
    ) -> dict[int, OutputRow]:
        """Return the outputs that were made again as they were, with the hash that they had."""
        if self._is_forced(node.name) or not any(output.paths for output in outputs.values()):
            return {}
        made = [Made(node, row.identity, outputs[row.index]) for row in rows if row.index in outputs]
        return {output.index: output for output in with_known_hashes(self._graph, self._results, made)}

    def _reused(self, node: Node, rows: list[InstanceRow]) -> list[InstanceRow]:
        """Have what is pending take a result that is there, where the rules of reuse allow it."""
        if not node.cache:
            return rows
        code = work_code(node)
        wanted = {
            row.identity
            for row in rows
            if row.state is _PENDING and (not row.fresh or (code, row.identity) in self._made)
        }
        found = current_results(self._graph, self._results, {node.name: wanted})[node.name]
        taken = []
        for row in rows:
            result = found.get(row.identity) if row.state is _PENDING else None
            if result is not None and (
                is_foreign(node, result)
                or (row.fresh and result.output not in self._made.get((code, row.identity), ()))
            ):
                result = None
            taken.append(row if result is None else row._replace(state=_REUSED, output=result.output))
        return taken

    def _is_forced(self, task: str) -> bool:
        options = self._run.info["options"]
        return bool(options["force"]) or task in options["force_tasks"]

    def _cancelled_while_it_waited(
        self, node: Node, upstream: Mapping[str, TaskRow], overview: Overview
    ) -> list[TaskRow]:
        """Return a task as cancelled that never got as far as having instances, since its upstream was, too."""
        if node.name in self._by_task or not any(_is_cancelled(row, overview) for row in upstream.values()):
            return []
        return self._cancelled_task(TaskRow(node.name))

    def _cancelled_task(self, row: TaskRow) -> list[TaskRow]:
        """Return a task without instances as cancelled, if a cancel holds that means all of it."""
        if not any(s.task in (None, row.task) and s.indices is None for s in self._cancels):
            return []
        total = None if self._graph.tasks[row.task].array else 1
        return [row._replace(state=TaskState.CANCELLED, total=total, reason="cancelled")]

    def _cancelled(self, rows: Iterable[InstanceRow]) -> list[InstanceRow]:
        return [
            row if row.state.is_terminal or not _is_meant(row, self._cancels) else _cancelled(row)
            for row in rows
        ]

    def _open_again(self, task: str) -> None:
        """Leave reused instances pending whose results cannot be read now, and have what is behind them wait."""
        ledger = self._written.ledger
        opened = [row._replace(state=_PENDING, output=None) for row in ledger.instances(task, {_REUSED})]
        behind = waiting_behind(self._graph, ledger.overview().tasks, {task})
        self._written.apply(Changes(tasks=behind, instances=opened))


class _History:
    """What is known of the instances of one task: the newest submission that had the same inputs says what counts.

    Args:
        opened: Which a retry opened again, by index: what submissions up to that number say counts no more.

    Attributes:
        outputs: What those returned that were found to have succeeded.
    """

    def __init__(self, submitted: Sequence[Submitted], opened: Mapping[int, int]) -> None:
        self._opened = opened
        self.outputs: list[OutputRow] = []
        self._attempts: dict[int, int] = {}
        self._handed: dict[tuple[int, str], tuple[Submitted, Handed]] = {}
        self._successes = {one.row.token: one.successes for one in submitted}
        self._ends = {(one.row.token, index): end for one in submitted for index, end in one.ends.items()}
        for one in submitted:
            for index, attempt in one.last_attempts:
                self._attempts[index] = max(attempt, self._attempts.get(index, 0))
            for index, handed in one.instances.items():
                self._handed[index, handed.identity] = one, handed

    def settled(self, row: InstanceRow) -> InstanceRow:
        """Return what a pending instance came to."""
        row = row._replace(attempt=self._attempts.get(row.index, 0))
        found = self._handed.get((row.index, row.identity.hex()))
        if found is None:
            return row
        one, handed = found
        if one.row.number <= self._opened.get(row.index, 0):
            has_succeeded = row.index in self._successes[one.row.token]
            return row._replace(fresh=row.fresh or has_succeeded)  # then its output did not hold
        there = row._replace(attempt=handed.attempt, submission=one.row.token, position=handed.position)
        if one.row.state == "refused":
            return there._replace(state=InstanceState.FAILED, reason=one.refusal)
        if one.joined is not None and (fate := one.joined.fates.get(row.index)):
            return there._replace(**fate._asdict())
        success = self._successes[one.row.token].get(row.index)
        if success is None:
            end = self._ends.get((one.row.token, row.index))
            unknown = row if one.joined is not None else there._replace(state=InstanceState.SUBMITTED)
            return unknown if end is None else there._replace(**end._asdict())
        output = output_row(one.row.task, success)
        self.outputs.append(output)
        return there._replace(
            state=InstanceState.SUCCEEDED, attempt=output.attempt, output=output.output, reason=None
        )


def _is_cancelled(row: TaskRow, overview: Overview) -> bool:
    counts = overview.counts.get(row.task, {})
    return row.state is TaskState.CANCELLED or bool(counts.get(InstanceState.CANCELLED))


def _is_meant(row: InstanceRow, scopes: Sequence[Scope]) -> bool:
    return any(scope.covers(row.task, row.index) for scope in scopes)


def _cancelled(row: InstanceRow) -> InstanceRow:
    return row._replace(state=InstanceState.CANCELLED, reason="cancelled")
