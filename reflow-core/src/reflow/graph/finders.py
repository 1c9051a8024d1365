"""Tasks that find files by themselves: nobody looks at these again when a result is reused."""

from __future__ import annotations

import json
from collections.abc import Mapping

from reflow.graph.code import Code
from reflow.graph.model import Graph, Input, Node

HINT = "files that it finds are not looked at when it is reused; say cache=False, or take their directory as a Path"


def unwatched(graph: Graph, codes: Mapping[str, Code]) -> dict[str, list[str]]:
    """Return where tasks look for files though their results are reused: each place in words, with its tasks.

    A task that is given a Path is left out: what it looks through is probably that, and a change there is noticed.
    """
    places: dict[str, list[str]] = {}
    for name, code in codes.items():
        node = graph.tasks[name]
        if node.cache and not _is_given_files(graph, node):
            for place in code.finds:
                places.setdefault(place, []).append(name)
    return places


def _is_given_files(graph: Graph, node: Node) -> bool:
    return any('"path"' in json.dumps(entry.type) and _is_watched(graph, entry) for entry in node.inputs)


def _is_watched(graph: Graph, entry: Input) -> bool:
    if entry.kind == "parameter" and entry.parameter is not None:
        return graph.parameters[entry.parameter].track != "path"
    return entry.kind == "result" and entry.track != "path"
