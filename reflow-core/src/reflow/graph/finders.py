"""Tasks that find files by themselves: nobody looks at these again when a result is reused."""

from __future__ import annotations

import json
from collections.abc import Mapping

from reflow.graph.code import Code
from reflow.graph.model import Graph, Input, Node
from reflow.graph.place import Find

HINT = "files that it finds are not looked at when it is reused; say cache=False, or take their directory as a Path"


def unwatched(graph: Graph, codes: Mapping[str, Code]) -> dict[str, list[str]]:
    """Return where tasks look for files though their results are reused: each place in words, with its tasks.

    Left out is a place that may be below a Path which the task is given: a change there is noticed.
    """
    places: dict[str, list[str]] = {}
    for name, code in codes.items():
        node = graph.tasks[name]
        for find in code.finds if node.cache else ():
            if not _may_be_watched(graph, node, find):
                places.setdefault(find.place, []).append(name)
    return {place: list(dict.fromkeys(tasks)) for place, tasks in places.items()}


def _may_be_watched(graph: Graph, node: Node, find: Find) -> bool:
    watched = {
        entry.name
        for entry in node.inputs
        if '"path"' in json.dumps(entry.type) and _is_watched(graph, entry)
    }
    of_others = find.stems - {entry.name for entry in node.inputs}  # whom the task may hand its own to
    return bool(watched and (of_others or find.stems & watched))


def _is_watched(graph: Graph, entry: Input) -> bool:
    if entry.kind == "parameter" and entry.parameter is not None:
        return graph.parameters[entry.parameter].track != "path"
    return entry.kind in ("result", "bound") and entry.track != "path"
