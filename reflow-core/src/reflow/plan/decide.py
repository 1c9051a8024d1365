"""Which instances run, which are reused and which wait for another of the same identity."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from reflow.graph.model import Graph, Node
from reflow.model.records import FoundResult, InstanceRow, TaskRow
from reflow.model.states import InstanceState, RunState, TaskState
from reflow.plan.expand import is_over


class Decision(NamedTuple):
    """What becomes of instances that were pending.

    Attributes:
        reused: Rows that took the output of an earlier instance.
        run: Rows to be handed over, by task.
        waiting: Rows that stay pending, since another of the same identity is on its way.
        foreign: Tasks with results that were not used since another file's task made them.
        other_code: How many results of each task were used though other code made them, by the hash of that.
    """

    reused: Sequence[InstanceRow]
    run: Mapping[str, Sequence[InstanceRow]]
    waiting: Sequence[InstanceRow]
    foreign: Collection[str]
    other_code: Mapping[str, Mapping[bytes, int]] = {}


def decide(
    graph: Graph,
    pending: Iterable[InstanceRow],
    found: Mapping[bytes, FoundResult],
    underway: Collection[bytes],
    holds: Callable[[FoundResult], bool],
    done: Mapping[bytes, Collection[bytes]] = {},
) -> Decision:
    """Decide on pending instances.

    Args:
        found: The current result of each identity that has one.
        underway: Identities of instances of this run that are being worked on.
        holds: Whether the files of a result are still those that were stamped.
        done: What instances of this run returned that succeeded, by identity: their equals take that, forced or
            not, and run at once, all of them, where it cannot be had.
    """
    reused: list[InstanceRow] = []
    run: dict[str, list[InstanceRow]] = {}
    waiting: list[InstanceRow] = []
    foreign: set[str] = set()
    other_code: dict[str, dict[bytes, int]] = {}
    started = set(underway)
    for row in pending:
        node = graph.tasks[row.task]
        made = done.get(row.identity, ())
        result = found.get(row.identity) if node.cache else None
        if result is not None and row.fresh and result.output not in made:
            result = None
        if result is not None and is_foreign(node, result):
            foreign.add(row.task)
            result = None
        if result is not None and holds(result):
            reused.append(row._replace(state=InstanceState.REUSED, output=result.output, reason=None))
            if warns_of_code(node, result):
                counts = other_code.setdefault(row.task, {})
                counts[result.code] = counts.get(result.code, 0) + 1
        elif node.cache and not made and row.identity in started:
            waiting.append(row)
        else:
            run.setdefault(row.task, []).append(row)
            if node.cache:
                started.add(row.identity)
    return Decision(reused, run, waiting, foreign, other_code)


def is_foreign(node: Node, result: FoundResult) -> bool:
    """Whether a result was made by a task of another file with another source, though of the same name."""
    return bool(result.file) and result.file != node.file and result.source.hex() != node.source


def warns_of_code(node: Node, result: FoundResult) -> bool:
    """Whether a user should be told that other code made a result, or may have, where ``code`` says so.

    It may have where the task has a file and its function is not found there any more.
    """
    if node.code not in ("", "warn") or not result.code:
        return False
    if not node.code_hash:
        return not node.file.startswith("<")
    return result.code.hex() != node.code_hash


def run_state(tasks: Mapping[str, TaskRow], counts: Mapping[str, Mapping[InstanceState, int]]) -> RunState:
    """Return how a run stands as a whole: running while anything can still change by itself."""
    if not all(is_over(row, counts.get(name, {})) for name, row in tasks.items()):
        return RunState.RUNNING
    if _any(tasks, counts, TaskState.CANCELLED, InstanceState.CANCELLED):
        return RunState.CANCELLED
    if _any(tasks, counts, TaskState.FAILED, InstanceState.FAILED):
        return RunState.FAILED
    return RunState.SUCCEEDED


def _any(
    tasks: Mapping[str, TaskRow],
    counts: Mapping[str, Mapping[InstanceState, int]],
    task_state: TaskState,
    state: InstanceState,
) -> bool:
    return any(row.state is task_state or counts.get(name, {}).get(state) for name, row in tasks.items())
