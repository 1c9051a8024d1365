"""Looking up the result that each instance may take: made by its own code, or else by other code, if there is any."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from reflow.errors import StoreError
from reflow.graph.model import Graph, Node
from reflow.model.records import FoundResult
from reflow.plan.makers import ambiguous_keys, chosen, is_foreign
from reflow.run.shared_results import SharedResults

#: By task, the result of each identity.
Current = dict[str, dict[bytes, FoundResult]]


def current_results(graph: Graph, results: SharedResults, wanted: Mapping[str, Collection[bytes]]) -> Current:
    """Return by task the result of each identity that has one to take, in one look-up however many are asked.

    Only where other code made the newest, a second one asks whether there are more. What other code made that is not
    what the task returns now is not to be taken.

    Args:
        wanted: The identities of instances, by task.
    """
    newest = results.find(_all(wanted))
    found = {task: {i: newest[i] for i in own if i in newest} for task, own in wanted.items()}
    others = {task: other for task, own in found.items() if (other := _of_other_code(graph, task, own))}
    if others:
        _choose(graph, results, found, others)
        for task, identities in others.items():
            _leave_out_misfits(graph.tasks[task], results, found[task], identities)
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


def _leave_out_misfits(
    node: Node, results: SharedResults, found: dict[bytes, FoundResult], identities: Collection[bytes]
) -> None:
    code = bytes.fromhex(node.code_hash) or None
    doubted = [found[i] for i in identities if i in found and found[i].code != code]
    doubted = [result for result in doubted if not is_foreign(node, result)]
    if not doubted or node.returns == "any":
        return
    for identity in misfits(node, results, [(result.identity, result.output) for result in doubted]):
        del found[identity]


def misfits(node: Node, results: SharedResults, keys: Sequence[tuple[bytes, bytes]]) -> dict[bytes, str]:
    """Return by identity why results are not what a task returns now; what is out of reach is not known to be."""
    from reflow.values.fits import misfit_of  # most results are of the present code

    try:
        told = [misfit_of(node.returns, json.loads(text)) for text in results.values(keys)]
    except StoreError as error:
        told = [str(error)] * len(keys)
    return {identity: misfit for (identity, _), misfit in zip(keys, told, strict=True) if misfit}
