"""Telling a user that results were reused which other code made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from reflow.graph.model import Graph, Node
from reflow.plan.code_parts import changed_definitions, told_definitions
from reflow.run.shared_results import SharedResults
from reflow.view.words import plural

#: How many results of each task were reused, by the code that made them.
ByCode = Mapping[str, Mapping[bytes, int]]


def tell_other_code(
    graph: Graph, reused: ByCode, results: SharedResults, accept: str, present: Mapping[bytes, str] = {}
) -> list[str]:
    """Return a line for each task with results of other code that nobody accepted, and one with what to do.

    Args:
        accept: The command that accepts them, without the tasks.
        present: What the present codes are made of, where the store does not know that yet.
    """
    known = {task: counts for task, counts in reused.items() if graph.tasks[task].code_hash}
    lost = [
        f"{task}: reused, and nobody can tell whether by the same code: its function is not to be found in "
        f"{graph.tasks[task].file} as that is now"
        for task in reused
        if task not in known
    ]
    told = dict(_lines(graph, known, results, present))
    if not told:
        return lost
    tasks = " ".join(told)
    return [
        *lost,
        *told.values(),
        f"if they are as good as new, say so: {accept} {tasks}; "
        f"if not, submit with --force-tasks {tasks}, or raise their version=",
    ]


def _lines(
    graph: Graph, reused: ByCode, results: SharedResults, present: Mapping[bytes, str]
) -> Iterator[tuple[str, str]]:
    for task, counts in reused.items():
        node = graph.tasks[task]
        new = bytes.fromhex(node.code_hash)
        accepted = results.accepted_for(node)
        others = {old: count for old, count in counts.items() if old not in accepted}
        if others:
            count = sum(others.values())
            made = f"{plural(count, 'reused result')} {'was' if count == 1 else 'were'} made by other code"
            parts = {**results.code_parts([*others, new]), **present}
            yield task, f"{task}: {made}: {told_change(parts, [*others], node)}"


def changed_code(results: SharedResults, node: Node, old: bytes, present: Mapping[bytes, str] = {}) -> str:
    """Return which definitions of a task's code differ from those that made a result: ``clip in tools.py``.

    Args:
        old: The hash of the code that made it.
        present: As for `tell_other_code`.

    Returns:
        An empty text where the code is the same, or where nobody knows.
    """
    new = bytes.fromhex(node.code_hash)
    if not old or not new or old == new:
        return ""
    parts = {**results.code_parts([old, new]), **present}
    return told_change(parts, [old], node) if old in parts and new in parts else ""


def told_change(parts: Mapping[bytes, str], old: Sequence[bytes], node: Node) -> str:
    """Return in words what differs between earlier codes and the present one of a task.

    Args:
        parts: What these are made of, as far as the store knows it.
    """
    new = bytes.fromhex(node.code_hash)
    if new not in parts or any(code not in parts for code in old):
        return told_definitions([], {}, node.file)
    changed = changed_definitions([parts[code] for code in old], parts[new])
    return told_definitions(changed, json.loads(parts[new]), node.file)
