"""Looking at what a run has kept: which outputs do not hold any more, and what was built on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reflow.graph.model import Graph, Source
from reflow.model.records import InstanceRow, Overview, TaskRow
from reflow.model.states import InstanceState, TaskState
from reflow.run.freshness import changed_file
from reflow.run.hold import Hold
from reflow.run.upstream import Purged, element_texts

_KEPT = frozenset({InstanceState.SUCCEEDED, InstanceState.REUSED})


class Stale(NamedTuple):
    """A kept output that does not hold, and why."""

    row: InstanceRow
    reason: str


def find_stale(hold: Hold, overview: Overview, tasks: Iterable[str]) -> list[Stale]:
    """Look at the files in the kept outputs of some tasks; one that is gone or changed makes its output stale."""
    return [stale for task in tasks if _has_kept(overview, task) for stale in _stale_of(hold, task)]


def _has_kept(overview: Overview, task: str) -> bool:
    return any(overview.counts.get(task, {}).get(state) for state in _KEPT)


def _stale_of(hold: Hold, task: str) -> Iterator[Stale]:
    try:
        wrong = {
            index: reason
            for index, text in element_texts(hold.ledger, hold.results, Source(task, "elements"))
            if (reason := changed_file(text, missing_counts=True)) is not None
        }
    except Purged as lost:
        reason = f"its reused output cannot be read: {lost}"
        yield from (Stale(row, reason) for row in hold.ledger.instances(task, {InstanceState.REUSED}))
        return
    if wrong:
        rows = hold.ledger.instances(task, _KEPT, wrong)
        yield from (Stale(row, wrong[row.index]) for row in rows)


def open_stale(
    graph: Graph, overview: Overview, stale: Iterable[Stale], opened: Iterable[TaskRow]
) -> tuple[list[TaskRow], list[InstanceRow]]:
    """Return stale instances as pending, and the tasks behind them as waiting.

    Those are expanded afresh: what was built on an output that comes back the same is kept.
    """
    rows = [
        one.row._replace(state=InstanceState.PENDING, output=None, fresh=True, tries=None, reason=one.reason)
        for one in stale
    ]
    waiting = {row.task: row for row in opened}
    touched = {row.task for row in rows}
    for name in graph.tasks:
        if touched.intersection(graph.upstream(name)):
            touched.add(name)
            waiting.setdefault(name, overview.tasks[name]._replace(state=TaskState.WAITING, reason=None))
    return list(waiting.values()), rows
