"""An order in which tasks can run, or the cycles that leave none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush


def order(upstream: Mapping[str, Iterable[str]]) -> tuple[list[str], list[list[str]]]:
    """Return tasks in topological order, ties as they came, and the cycles among those that have no place in it.

    Args:
        upstream: For each task those before it; names that are no tasks do not count.
    """
    needs = {task: {name for name in before if name in upstream} for task, before in upstream.items()}
    placed, rest = _kahn(needs)
    cycles = []
    while rest:
        cycle = _cycle(rest)
        cycles.append(cycle)
        left = {task: before for task, before in rest.items() if task not in cycle}
        _, rest = _kahn({task: {name for name in before if name in left} for task, before in left.items()})
    return placed, cycles


def _kahn(needs: dict[str, set[str]]) -> tuple[list[str], dict[str, set[str]]]:
    number = {task: i for i, task in enumerate(needs)}
    tasks = list(needs)
    missing = {task: len(before) for task, before in needs.items()}
    followers: dict[str, list[str]] = {task: [] for task in needs}
    for task, before in needs.items():
        for name in before:
            followers[name].append(task)
    ready = [number[task] for task, count in missing.items() if not count]
    heapify(ready)
    placed = []
    while ready:
        task = tasks[heappop(ready)]
        placed.append(task)
        for follower in followers[task]:
            missing[follower] -= 1
            if not missing[follower]:
                heappush(ready, number[follower])
    return placed, {task: needs[task] for task, count in missing.items() if count}


def _cycle(rest: dict[str, set[str]]) -> list[str]:
    """Walk upstream until a task comes again; each task that has no place waits for another such one."""
    seen: dict[str, int] = {}
    task = next(iter(rest))
    while task not in seen:
        seen[task] = len(seen)
        task = min(name for name in rest[task] if name in rest)
    return list(seen)[seen[task] :]
