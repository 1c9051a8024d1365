"""What was planned, and the state of a run as it will be once that is written.

What a run decides by itself (a reuse, a skip) makes the next tasks ready: a draft takes in such decisions, so that
the whole of them is written in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from reflow.contracts.store import Ledger
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import Changes, InstanceRow, Overview, TaskRow
from reflow.model.states import InstanceState
from reflow.plan.frontier import Frontier


class Planned(NamedTuple):
    """What a look came to; nothing of it is written yet.

    Attributes:
        rows: Instances whose state changes, but for those in ``run``.
        run: Instances to be handed over, by task.
        dropped: Tasks whose earlier instances are replaced.
    """

    tasks: Sequence[TaskRow]
    rows: Sequence[InstanceRow]
    run: Mapping[str, Sequence[InstanceRow]]
    dropped: Sequence[str]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.tasks or self.rows or self.run)

    @property
    def is_decided(self) -> bool:
        """Whether there is something, and nothing of it is to be handed over."""
        return not self.run and not self.is_empty


class Draft:
    """A ledger, and what is to be written to it.

    Args:
        upstream: What is upstream of each task, in the order of the graph.

    Attributes:
        tasks: By name, as in an `Overview`.
        counts: Likewise.
        frontier: The tasks on which there is something to decide.
    """

    def __init__(self, upstream: Mapping[str, Sequence[str]], ledger: Ledger, overview: Overview) -> None:
        self._ledger = ledger
        self.tasks: dict[str, TaskRow] = dict(overview.tasks)
        self.counts: dict[str, dict[InstanceState, int]] = {n: dict(c) for n, c in overview.counts.items()}
        self.frontier = Frontier(upstream, self.tasks, self.counts)
        self._size = 0
        self._rows: dict[str, dict[int, InstanceRow]] = {}
        self._new: dict[str, TaskRow] = {}  # tasks of which all rows are here
        self._dropped: set[str] = set()

    def __len__(self) -> int:
        """Return how many instances wait to be written."""
        return self._size

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be written."""
        return not (self._new or self._rows)

    def instances(self, task: str, states: Collection[InstanceState] = ()) -> list[InstanceRow]:
        """Return instances of a task by ascending index: all, or those in ``states``."""
        ours = self._rows.get(task)
        if ours is None:
            return self._ledger.instances(task, states)
        if task not in self._new:
            ours = {row.index: row for row in self._ledger.instances(task)} | ours
        rows: Iterable[InstanceRow] = (ours[index] for index in sorted(ours))
        return [row for row in rows if not states or row.state in states]

    def items(self, task: str) -> dict[int, bytes]:
        """Return the item digests of what a task returned in this run, as the ledger does."""
        return self._ledger.items(task)

    def take(self, planned: Planned) -> None:
        """Take in a plan of which nothing is to be handed over."""
        for task in planned.tasks:
            self.tasks[task.task] = self._new[task.task] = task
            self._size -= len(self._rows.get(task.task, ()))
            self._rows[task.task] = {}
            self.counts[task.task] = {}
        self._dropped.update(planned.dropped)
        for row in planned.rows:
            self._take(row)
        for name in {*(task.task for task in planned.tasks), *(row.task for row in planned.rows)}:
            self.frontier.move(self.tasks[name], self.counts[name])

    def _take(self, row: InstanceRow) -> None:
        ours, counts = self._rows.setdefault(row.task, {}), self.counts[row.task]
        if row.task not in self._new or row.index in ours:
            counts[InstanceState.PENDING] -= 1  # nothing else is decided on
        counts[row.state] = counts.get(row.state, 0) + 1
        self._size += row.index not in ours
        ours[row.index] = row

    def changes(self) -> Changes:
        """Return what is to be written."""
        rows = [row for rows in self._rows.values() for row in rows.values()]
        return Changes(tasks=list(self._new.values()), instances=rows, dropped=list(self._dropped))
