"""Results of one identity that differ, though the same work was done: each is kept, and their users are told."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from reflow.errors import StoreError
from reflow.filesystem.stamps import without_time
from reflow.graph.model import Graph, Node
from reflow.model.records import Context, FoundResult, NewResult
from reflow.plan.makers import is_foreign
from reflow.run.shared_results import SharedResults
from reflow.values.paths import paths_in
from reflow.view.words import elements

Key = tuple[bytes, bytes]  #: identity and output

_DIFFERS = "returned something else than in run"
_REMEDY = "both are kept; if it is not deterministic, say cache=False, else raise its version="


def tell_disagreements(
    graph: Graph,
    results: SharedResults,
    appended: Sequence[tuple[Context, Sequence[NewResult]]],
    told: Collection[str],
) -> Iterator[str]:
    """Say of each task of which other results from the same inputs are kept than those that were just appended.

    Args:
        told: What was said before: of each task it is said once.
    """
    for context, rows in appended:
        node = graph.tasks[context.task]
        found = disagreeing(results, node, [(row.identity, row.output) for row in rows])
        if found and not any(line.startswith(f"{node.name}: ") and _DIFFERS in line for line in told):
            yield _told(node, rows, found)


def _told(node: Node, rows: Sequence[NewResult], found: Mapping[bytes, FoundResult]) -> str:
    differing = [row for row in rows if row.identity in found]
    first = min(differing, key=lambda row: row.index)
    who = elements(node.name, [first.index], array=node.array) if node.array else "it"
    more = f" and {len(differing) - 1} more" if len(differing) > 1 else ""
    other = found[first.identity].run_id
    return f"{node.name}: {who}{more} {_DIFFERS} {other} from the same inputs; {_REMEDY}"


def disagreeing(results: SharedResults, node: Node, keys: Sequence[Key]) -> dict[bytes, FoundResult]:
    """Return by identity what else is kept of the same work by the same code, for results of a task that are kept.

    Files of one name and size are the same, wherever and whenever each run wrote its own; of directories the number of
    entries counts.
    """
    if not node.cache:
        return {}
    found = {
        identity: other
        for identity, other in results.others(keys, bytes.fromhex(node.code_hash)).items()
        if not is_foreign(node, other)
    }
    own = {identity: output for identity, output in keys if identity in found}
    with_files = [identity for identity, other in found.items() if other.paths]
    try:
        mine = results.values([(identity, own[identity]) for identity in with_files]) if with_files else ()
        theirs = results.values([(i, found[i].output) for i in with_files]) if with_files else ()
        for identity, *texts in zip(with_files, mine, theirs, strict=True):
            if _comparable(texts[0]) == _comparable(texts[1]):
                del found[identity]
    except StoreError:  # then there is nothing to compare
        return {}
    return found


def _comparable(text: str) -> Any:
    value = json.loads(text)
    for node in paths_in(value):
        node[0] = os.path.basename(node[0])
        node[1] = without_time(node[1])
    return value
