"""The ledger of a `MemoryStore`: dicts, and a copy of them for every transaction."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Sequence

from reflow.contracts.store import Ledger, StoredValue
from reflow.errors import Fenced, StoreDamaged, StoreError
from reflow.model.records import (
    AttemptRow,
    Changes,
    InstanceRow,
    OutputRow,
    Overview,
    SubmissionRow,
    TaskRow,
    Unpublished,
)
from reflow.model.states import InstanceState, RunState
from reflow.run.clock import now_ms

OPEN = ("intent", "open")  #: states of submissions that have not ended


class LedgerState:
    """All that a ledger knows at one moment."""

    def __init__(
        self, run_id: str, workflow: str, tasks: Sequence[str], created: int, epoch: int = 0
    ) -> None:
        self.run_id = run_id
        self.workflow = workflow
        self.run = RunState.RUNNING
        self.epoch = epoch
        self.created = created
        self.updated = created
        self.ended: int | None = None
        self.published = 0
        self.newest = 0
        self.tasks = {task: TaskRow(task) for task in tasks}
        self.instances: dict[tuple[str, int], InstanceRow] = {}
        self.outputs: dict[tuple[str, int, int], tuple[int, OutputRow]] = {}
        self.attempts: dict[tuple[str, int, int], AttemptRow] = {}
        self.submissions: dict[str, SubmissionRow] = {}
        self.segments: set[tuple[str, str]] = set()
        self.origins: dict[int, tuple[bytes, bytes]] = {}

    def copy(self) -> LedgerState:
        """Return a state that can be changed without changing this one."""
        other = copy.copy(self)
        vars(other).update(
            {name: value.copy() for name, value in vars(self).items() if isinstance(value, (dict, set))}
        )
        return other

    def write(self, changes: Changes) -> None:
        """Put the rows of one transaction in their places."""
        self.updated = max(self.updated, now_ms())
        if changes.run is not None:
            self.run = changes.run
            self.ended = (self.ended or self.updated) if changes.run.is_over else None
        if changes.published is not None:
            self.published = changes.published
        self.tasks.update((row.task, row) for row in changes.tasks)
        self.submissions.update((row.token, row) for row in changes.submissions)
        self.segments.update(changes.segments)
        before = self.newest
        for task in changes.dropped:
            self._check(task)
        for key in [key for key in self.instances if key[0] in changes.dropped]:
            self._keep_origin(self.instances.pop(key), before)
        for row in changes.instances:
            self._write_instance(row, before)
        self._write_outputs(changes.outputs)
        for attempt in changes.attempts:
            self._check(attempt.task)
            self.attempts[attempt[:3]] = attempt

    def output_of(self, row: InstanceRow) -> tuple[int, OutputRow] | None:
        """Return the newest output of an instance that has the hash that its row names."""
        found = [
            kept
            for (task, index, _), kept in self.outputs.items()
            if (task, index, kept[1].output) == (row.task, row.index, row.output)
        ]
        return max(found, default=None)

    def _check(self, task: str) -> None:
        if task not in self.tasks:
            raise StoreError(f"this run has no task {task!r}")

    def _write_instance(self, row: InstanceRow, before: int) -> None:
        self._check(row.task)
        old = self.instances.get(row[:2])
        if old is not None and (old.identity, old.parts) != (row.identity, row.parts):
            self._keep_origin(old, before)
        self.instances[row[:2]] = row

    def _write_outputs(self, rows: Iterable[OutputRow]) -> None:
        for row in rows:
            self._check(row.task)
            self.newest += 1
            if self.outputs.get(row[:3], (0, None))[1] != row:
                self.outputs[row[:3]] = (self.newest, row)
        self.newest = max((number for number, _ in self.outputs.values()), default=0)

    def _keep_origin(self, old: InstanceRow, before: int) -> None:
        """Remember what outputs that wait for the results were made from, when their instance moves on."""
        for (task, index, _), (number, _) in self.outputs.items():
            if (task, index) == old[:2] and self.published < number <= before:
                self.origins.setdefault(number, (old.identity, old.parts))


class MemoryLedger(Ledger):
    """A ledger in a place that holds one state."""

    def __init__(self, place: list[LedgerState], *, write: bool) -> None:
        self._place = place
        self._write = write

    @property
    def _state(self) -> LedgerState:
        return self._place[0]

    def overview(self) -> Overview:
        state = self._state
        counts: dict[str, dict[InstanceState, int]] = {task: {} for task in state.tasks}
        for row in state.instances.values():
            counts[row.task][row.state] = counts[row.task].get(row.state, 0) + 1
        return Overview(
            *(
                state.run_id,
                state.workflow,
                state.run,
                state.epoch,
                state.created,
                state.updated,
                state.ended,
            ),
            tasks=dict(state.tasks),
            counts=counts,
            submissions=[row for row in self.submissions() if row.state in OPEN],
            published=state.published,
            outputs=state.newest,
        )

    def instances(
        self, task: str, states: Collection[InstanceState] = (), indices: Collection[int] = ()
    ) -> list[InstanceRow]:
        rows = (row for row in self._state.instances.values() if row.task == task)
        return sorted(row for row in rows if _fits(row, states, indices))

    def items(self, task: str) -> dict[int, bytes]:
        found = [(row, self._state.output_of(row)) for row in self.instances(task, [InstanceState.SUCCEEDED])]
        return {row.index: kept[1].items for row, kept in found if kept and kept[1].items is not None}

    def values(self, task: str, indices: Collection[int] = ()) -> Iterator[StoredValue]:
        for row in self.instances(task, [InstanceState.SUCCEEDED], indices):
            kept = self._state.output_of(row)
            if kept is None:
                raise StoreDamaged(f"the ledger has no value of {task}[{row.index}]")
            yield StoredValue(row.index, kept[1].output, kept[1].value)

    def attempts(
        self, task: str | None = None, states: Collection[InstanceState] = (), indices: Collection[int] = ()
    ) -> list[AttemptRow]:
        rows = (row for row in self._state.attempts.values() if task in (None, row.task))
        return sorted((row for row in rows if _fits(row, states, indices)), key=lambda row: row[:3])

    def submissions(self, tokens: Collection[str] = ()) -> list[SubmissionRow]:
        rows = (row for row in self._state.submissions.values() if not tokens or row.token in tokens)
        return sorted(rows, key=lambda row: row.number)

    def segments(self, token: str) -> set[str]:
        return {name for of, name in self._state.segments if of == token}

    def unpublished(self, limit: int) -> list[Unpublished]:
        waiting = sorted(kept for kept in self._state.outputs.values() if kept[0] > self._state.published)
        return [self._unpublished(*kept) for kept in waiting[:limit]]

    def kept(self, task: str) -> Iterator[Unpublished]:
        for row in self.instances(task, [InstanceState.SUCCEEDED]):
            if found := self._state.output_of(row):
                number, output = found
                yield self._unpublished(number, output)._replace(identity=row.identity, parts=row.parts)

    def take_epoch(self) -> int:
        state = self._writable()
        state.epoch += 1
        self._place[0] = state
        return state.epoch

    def apply(self, changes: Changes, epoch: int) -> None:
        state = self._writable()
        if epoch != state.epoch:
            raise Fenced(f"another process advances this run now: epoch {epoch} is over")
        state.write(changes)
        self._place[0] = state

    def close(self) -> None:
        pass

    def _writable(self) -> LedgerState:
        if not self._write:
            raise StoreError("the ledger was opened for reading")
        return self._state.copy()

    def _unpublished(self, number: int, output: OutputRow) -> Unpublished:
        state = self._state
        row = state.instances.get(output[:2])
        origin = state.origins.get(number, None if row is None else (row.identity, row.parts))
        attempt = state.attempts.get(output[:3])
        created = state.updated if attempt is None or attempt.ended is None else attempt.ended
        if origin is None:  # what it was made from is known no more
            return Unpublished(number, output._replace(reusable=False), b"", b"", created)
        return Unpublished(number, output, *origin, created)


def _fits(row: InstanceRow | AttemptRow, states: Collection[InstanceState], indices: Collection[int]) -> bool:
    return (not states or row.state in states) and (not indices or row.index in indices)
