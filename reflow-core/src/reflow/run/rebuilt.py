"""Outputs that were made again as they were, but for the times of their files: they keep their hash.

So what was built on an output that was purged or went stale still stands. Workers are handed the new stamps. Only
the same code makes the same of the same inputs: files of equal size that other code wrote are others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from reflow.errors import StoreError
from reflow.filesystem.stamps import without_time
from reflow.graph.model import Graph, Node
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import FoundResult, OutputRow
from reflow.plan.makers import is_foreign
from reflow.run.current import current_results
from reflow.run.shared_results import SharedResults
from reflow.values.paths import paths_in


class Made(NamedTuple):
    """An output of this run, and the identity of its instance."""

    node: Node
    identity: bytes
    output: OutputRow


def with_known_hashes(graph: Graph, results: SharedResults, made: Iterable[Made]) -> list[OutputRow]:
    """Return those of some outputs that the results know by another hash, with that hash and its item digests."""
    candidates = [one for one in made if one.output.paths and one.output.reusable and one.node.cache]
    wanted: dict[str, set[bytes]] = {}
    for one in candidates:
        wanted.setdefault(one.node.name, set()).add(one.identity)
    found = current_results(graph, results, wanted)
    pairs = [(one, found[one.node.name].get(one.identity)) for one in candidates]
    known = [(one, before) for one, before in pairs if before is not None and _is_another(one, before)]
    if not known:
        return []
    try:
        texts = list(results.values([(before.identity, before.output) for _, before in known]))
    except StoreError:  # then it is new
        return []
    return [
        one.output._replace(output=before.output, items=before.items)
        for (one, before), text in zip(known, texts, strict=True)
        if _without_times(text) == _without_times(one.output.value)
    ]


def _is_another(made: Made, found: FoundResult) -> bool:
    return (
        found.paths
        and found.output != made.output.output
        and found.code.hex() == made.node.code_hash != ""
        and not is_foreign(made.node, found)
    )


def _without_times(text: str) -> Any:
    value = json.loads(text)
    for node in paths_in(value):
        node[1] = without_time(node[1])
    return value
