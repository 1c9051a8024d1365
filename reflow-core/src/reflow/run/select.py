"""Selectors: ``convert``, ``convert[17]``, ``convert[3,5:9]``, ``convert[3,5-8]``, ``convert[failed]``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reflow.define.names import nearest
from reflow.errors import StoreHalfWritten, UnknownTask, UsageError
from reflow.graph.model import Graph
from reflow.model.records import InstanceRow
from reflow.model.states import KEPT, InstanceState
from reflow.run.opened import OpenRun
from reflow.rundir.control import Scope
from reflow.view.words import plural

_SELECTOR = r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[([^\[\]]*)\])?"  # compiled when it is first used
_RANGE = r"([0-9]{1,18})(?:([:-])([0-9]{1,18}))?"
LARGEST_RANGE = 10_000_000
_IN_LEDGER = {"running": "submitted"}  #: which a worker's own files tell apart


def parse_selector(text: str, graph: Graph) -> Scope:
    """Return which instances a text means.

    Raises:
        UnknownTask: The workflow has no such task.
        UsageError: It is no selector.
    """
    found = re.fullmatch(_SELECTOR, text)
    if not found:
        raise UsageError(f"{text!r} is no selector; write: TASK, 'TASK[17]', 'TASK[3,5:9]' or 'TASK[failed]'")
    task, inside = found[1], found[2]
    if task not in graph.tasks:
        raise UnknownTask(unknown_task(task, graph))
    if inside is None:
        return Scope(task)
    if inside in {state.value for state in InstanceState}:
        return Scope(task, None, inside)
    return Scope(task, frozenset(_indices(text, inside)))


def meant(run: OpenRun, scope: Scope, task: str) -> list[InstanceRow]:
    """Return the instances of a task that a scope means now, by index; what a worker is at is running."""
    in_ledger = _IN_LEDGER.get(scope.state or "", scope.state)
    states = [InstanceState(in_ledger)] if in_ledger else []
    rows = run.ledger.instances(task, states, scope.indices or ())
    if any(row.state is InstanceState.SUBMITTED for row in rows):
        from reflow.run.begun import indices_at_work  # a run that is over has nobody at work

        at_work = indices_at_work(run, task)
        rows = [row._replace(state=InstanceState.RUNNING) if row.index in at_work else row for row in rows]
    return [row for row in rows if scope.state in (None, row.state.value)]


def by_index(run: OpenRun, scopes: Sequence[Scope]) -> list[Scope]:
    """Return scopes that name instances where a state was named; one whose state nothing is in now is left out."""
    found: list[Scope] = []
    for scope in scopes:
        if scope.task is None or scope.state is None:
            found.append(scope)
        elif rows := meant(run, scope, scope.task):
            found.append(Scope(scope.task, frozenset(row.index for row in rows)))
    return found


def kept_of(run: OpenRun, scopes: Sequence[Scope]) -> dict[str, list[InstanceRow]]:
    """Return the instances that have an output and are meant, by task."""
    found: dict[str, list[InstanceRow]] = {}
    for task in run.graph.tasks:
        named = [scope for scope in scopes if scope.task in (None, task)]
        rows = [
            row
            for row in (run.ledger.instances(task, KEPT) if named else ())
            if any(s.covers(task, row.index) and s.state in (None, row.state.value) for s in named)
        ]
        if rows:
            found[task] = rows
    return found


def check_there(run: OpenRun, scope: Scope) -> None:
    """Refuse instances none of which a task has; before these are known, or can be read, it may have any.

    Raises:
        UnknownTask: They are not there; the message says what is.
    """
    if not scope.task or not scope.indices:
        return
    try:
        overview = run.ledger.overview()
    except StoreHalfWritten:
        return
    total, first = overview.tasks[scope.task].total, min(scope.indices)
    if total is not None and not 0 <= first < total:
        there = f", {0 if total == 1 else f'0 to {total - 1}'}" if total else ""
        raise UnknownTask(
            f"{scope.task}[{first}] is not there: {scope.task} has {plural(total, 'instance')}{there}"
        )


def unknown_task(name: str, graph: Graph) -> str:
    """Return the message for a task that a workflow does not have."""
    close = nearest(name, graph.tasks)
    hint = f"did you mean {close!r}?" if close else f"it has: {', '.join(graph.tasks)}"
    return f"workflow {graph.workflow!r} has no task {name!r}; {hint}"


def _indices(text: str, inside: str) -> set[int]:
    found: set[int] = set()
    for piece in inside.split(","):
        found.update(_range(text, piece.strip()))
    return found


def _range(text: str, piece: str) -> range:
    """Return the indices of ``17``, of ``5:9``, which excludes 9, or of ``5-8``, as they are shown."""
    found = re.fullmatch(_RANGE, piece)
    if not found:
        raise UsageError(
            f"{piece!r} in {text!r} is no index and no state; write: 'TASK[17]', 'TASK[3,5:9]' (9 excluded) or "
            "'TASK[failed]'"
        )
    first, sign, last = found.groups(default="")
    end = int(last or first) + (sign != ":")
    if end <= int(first):
        raise UsageError(f"{piece!r} in {text!r} means no instance; write: 'TASK[3:5]' (5 excluded)")
    if end - int(first) > LARGEST_RANGE:
        raise UsageError(f"{text!r} names too many instances; name the task alone to mean all of it")
    return range(int(first), end)
