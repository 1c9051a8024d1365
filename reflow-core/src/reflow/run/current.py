"""Looking up the result that each instance may take: made by its own code, or else by other code, if there is any."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reflow.graph.model import Graph
from reflow.model.records import FoundResult
from reflow.plan.makers import ambiguous_keys, chosen
from reflow.run.shared_results import SharedResults

#: By task, the result of each identity.
Current = dict[str, dict[bytes, FoundResult]]


def current_results(graph: Graph, results: SharedResults, wanted: Mapping[str, Collection[bytes]]) -> Current:
    """Return by task the result of each identity that has one to take, in one look-up however many are asked.

    Only where other code made the newest, a second one asks whether there are more.

    Args:
        wanted: The identities of instances, by task.
    """
    newest = results.find(_all(wanted))
    found = {task: {i: newest[i] for i in own if i in newest} for task, own in wanted.items()}
    others = {task: other for task, own in found.items() if (other := _of_other_code(graph, task, own))}
    if others:
        _choose(graph, results, found, others)
    return found


def _all(identities: Mapping[str, Collection[bytes]]) -> Collection[bytes]:
    own = [found for found in identities.values() if found]
    return own[0] if len(own) == 1 else {identity for found in own for identity in found}


def _of_other_code(graph: Graph, task: str, found: Mapping[bytes, FoundResult]) -> set[bytes]:
    code = bytes.fromhex(graph.tasks[task].code_hash) or None
    return {identity for identity, result in found.items() if result.code != code}


def _choose(
    graph: Graph, results: SharedResults, found: Current, others: Mapping[str, Collection[bytes]]
) -> None:
    """Put what a task rather takes in the place of the newest; where nobody can say, none counts."""
    keys = ambiguous_keys(graph)
    kept = results.by_makers(_all(others))
    several = kept or {}
    for task, identities in others.items():
        node, own = graph.tasks[task], found[task]
        ambiguous = node.key in keys or kept is None
        doubted = [i for i in identities if ambiguous or i in several]
        accepted = results.accepted_for(node) if doubted else ()
        for identity in doubted:
            candidates = several.get(identity, [own[identity]])
            result = chosen(node, candidates, accepted, ambiguous=ambiguous)
            if result is None:
                del own[identity]
            else:
                own[identity] = result
