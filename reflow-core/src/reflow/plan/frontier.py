"""The tasks on which there is something to decide, kept while one decision follows from another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reflow.graph.model import Graph
from reflow.model.records import TaskRow
from reflow.model.states import InstanceState, TaskState
from reflow.plan.expand import is_over

Counts = Mapping[InstanceState, int]


class Frontier:
    """What is ready and what is pending; a decision costs what it opens, however many tasks there are."""

    def __init__(self, graph: Graph, tasks: Mapping[str, TaskRow], counts: Mapping[str, Counts]) -> None:
        self._place = {name: number for number, name in enumerate(graph.tasks)}
        over = {name for name, row in tasks.items() if is_over(row, counts.get(name, {}))}
        self._behind: dict[str, list[str]] = {}
        self._missing: dict[str, int] = {}  # how many tasks upstream of one that waits are not over
        for name, row in tasks.items():
            if row.state is TaskState.WAITING:
                missing = [up for up in graph.upstream(name) if up not in over]
                self._missing[name] = len(missing)
                for up in missing:
                    self._behind.setdefault(up, []).append(name)
        self._ready = {name for name, missing in self._missing.items() if not missing}
        self._pending = {name for name, row in tasks.items() if _is_pending(row, counts.get(name, {}))}

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
        if _is_pending(row, counts):
            self._pending.add(row.task)
        if not is_over(row, counts):
            return
        for name in self._behind.pop(row.task, ()):
            self._missing[name] -= 1
            if not self._missing[name]:
                self._ready.add(name)

    def _in_order(self, names: Iterable[str]) -> list[str]:
        return sorted(names, key=self._place.__getitem__)


def _is_pending(row: TaskRow, counts: Counts) -> bool:
    return row.state is TaskState.EXPANDED and bool(counts.get(InstanceState.PENDING))
