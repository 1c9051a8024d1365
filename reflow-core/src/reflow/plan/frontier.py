"""The tasks on which there is something to decide, kept while one decision follows from another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reflow.model.records import TaskRow
from reflow.model.states import InstanceState, TaskState
from reflow.plan.expand import is_over

Counts = Mapping[InstanceState, int]


class Frontier:
    """What is ready and what is pending; a decision costs what it opens, however many tasks there are.

    Args:
        upstream: What is upstream of each task, in the order of the graph.
    """

    def __init__(
        self,
        upstream: Mapping[str, Sequence[str]],
        tasks: Mapping[str, TaskRow],
        counts: Mapping[str, Counts],
    ) -> None:
        self._place = {name: number for number, name in enumerate(upstream)}
        self._behind: dict[str, list[str]] = {}
        self._missing: dict[str, int] = {}  # how many tasks upstream of one that waits are not over
        self._pending: set[str] = set()
        for name, row in tasks.items():  # each time that a run is looked at: what waits costs no call
            if row.state is TaskState.WAITING:
                self._missing[name] = 0
                for up in upstream[name]:
                    if tasks[up].state is TaskState.WAITING or not is_over(tasks[up], counts.get(up, {})):
                        self._missing[name] += 1
                        self._behind.setdefault(up, []).append(name)
            elif row.state is TaskState.EXPANDED and counts.get(name, {}).get(InstanceState.PENDING):
                self._pending.add(name)
        self._ready = {name for name, missing in self._missing.items() if not missing}

    def ready(self) -> list[str]:
        """Return the tasks that wait and whose upstream tasks are all over, in the order of the graph."""
        return self._in_order(self._ready)

    def pending(self) -> list[str]:
        """Return the tasks with instances that are pending, in the order of the graph."""
        return self._in_order(self._pending)

    def move(self, row: TaskRow, counts: Counts) -> None:
        """Take in how a task stands that was decided on: it waits no more, and once it is over it stays so."""
        self._ready.discard(row.task)
        self._pending.discard(row.task)
        if row.state is TaskState.EXPANDED and counts.get(InstanceState.PENDING):
            self._pending.add(row.task)
        if not is_over(row, counts):
            return
        for name in self._behind.pop(row.task, ()):
            self._missing[name] -= 1
            if not self._missing[name]:
                self._ready.add(name)

    def _in_order(self, names: Iterable[str]) -> list[str]:
        return sorted(names, key=self._place.__getitem__)
