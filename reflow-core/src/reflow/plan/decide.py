"""Which instances run, which are reused and which wait for another of the same identity."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from reflow.graph.model import Graph, Node
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import FoundResult, InstanceRow, TaskRow
from reflow.model.states import InstanceState, RunState, TaskState
from reflow.plan.expand import is_over
from reflow.plan.makers import is_foreign, warns_of_code, work_code

Rows = Mapping[str, list[InstanceRow]]  #: by task
Outputs = Mapping[bytes, Collection[bytes]]  #: by identity


class Decision(NamedTuple):
    """What becomes of instances that were pending.

    Attributes:
        reused: Rows that took the output of an earlier instance.
        run: Rows to be handed over, by task.
        waiting: Rows that stay pending, since another of the same identity is on its way.
        foreign: Tasks with results that were not used since another file's task made them.
        other_code: How many results of each task were used though other code made them, by the hash of that.
    """

    reused: list[InstanceRow]
    run: dict[str, list[InstanceRow]]
    waiting: list[InstanceRow]
    foreign: set[str]
    other_code: dict[str, dict[bytes, int]]


def decide(
    graph: Graph,
    pending: Rows,
    found: Mapping[str, Mapping[bytes, FoundResult]],
    underway: Mapping[str, Collection[bytes]],
    holds: Callable[[FoundResult], bool],
    done: Mapping[str, Outputs] = {},
) -> Decision:
    """Decide on pending instances, given by task.

    Args:
        found: By task, the result of each identity that has one to take.
        underway: By code (see `work_code`), identities of instances of this run that are being worked on.
        holds: Whether the files of a result are still those that were stamped.
        done: By code, what instances of this run returned that succeeded, by identity: their equals take that,
            forced or not, and run at once, all of them, where it cannot be had.
    """
    decision = Decision([], {}, [], set(), {})
    started = {code: set(identities) for code, identities in underway.items()}
    for task, rows in pending.items():
        node = graph.tasks[task]
        if node.cache:
            code = work_code(node)
            known = _Known(found.get(task, {}), started.setdefault(code, set()), done.get(code, {}))
            rows = _not_settled(decision, node, rows, known, holds)
        if rows:
            decision.run[task] = rows
    return decision


class _Known(NamedTuple):
    """What is known of the identities of a task: earlier results, who works on them, what came of that."""

    found: Mapping[bytes, FoundResult]
    started: set[bytes]
    done: Outputs


def _not_settled(
    decision: Decision,
    node: Node,
    rows: list[InstanceRow],
    known: _Known,
    holds: Callable[[FoundResult], bool],
) -> list[InstanceRow]:
    """Enter into a decision which instances of a task are reused and which wait; return those that are to run."""
    run: list[InstanceRow] = []
    counts: dict[bytes, int] = {}
    found, started, done = known
    own_code = bytes.fromhex(node.code_hash)
    for row in rows:
        made = done.get(row.identity, ())
        result = found.get(row.identity)
        if result is not None and row.fresh and result.output not in made:
            result = None
        is_own = result is not None and own_code and result.code == own_code
        if result is not None and not is_own and is_foreign(node, result):
            decision.foreign.add(node.name)
            result = None
        if result is not None and holds(result):
            decision.reused.append(
                row._replace(state=InstanceState.REUSED, output=result.output, reason=None)
            )
            if not is_own and warns_of_code(node, result):
                counts[result.code] = counts.get(result.code, 0) + 1
        elif not made and row.identity in started:
            decision.waiting.append(row)
        else:
            run.append(row)
            started.add(row.identity)
    if counts:
        decision.other_code[node.name] = counts
    return run


def run_state(tasks: Mapping[str, TaskRow], counts: Mapping[str, Mapping[InstanceState, int]]) -> RunState:
    """Return how a run stands as a whole: running while anything can still change by itself."""
    last_first = reversed([*tasks])  # what is behind others is over last
    if not all(is_over(tasks[name], counts.get(name, {})) for name in last_first):
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
