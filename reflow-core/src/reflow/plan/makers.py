"""Who may take whose result: of one identity there may be several, by the codes that made them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reflow.graph.model import Graph, Node
from reflow.model.records import Context, FoundResult, Maker


def work_code(node: Node) -> str:
    """Return what work of equal identities has in common besides, in one run: code, or the task if that is unknown."""
    return node.code_hash or node.name


def ambiguous_keys(graph: Graph) -> set[str]:
    """Return the keys that tasks of different code have: whose an earlier result of other code is, nobody knows.

    Such are the tasks of a flow that one function makes from different values, each included.
    """
    first: dict[str, str] = {}
    return {
        node.key
        for node in graph.tasks.values()
        if first.setdefault(node.key, work_code(node)) != work_code(node)
    }


def chosen(
    node: Node, several: Sequence[FoundResult], accepted: Collection[bytes], *, ambiguous: bool
) -> FoundResult | None:
    """Return which of several results of one identity a task takes: of its own code, if there is any.

    Args:
        several: In the order in which they were made.
        accepted: Codes that are as good as its own.
        ambiguous: Whether another task of its key has other code: then nothing but its own code will do.
    """
    own = [result for result in several if node.code_hash and result.code.hex() == node.code_hash]
    if ambiguous:
        return own[-1] if own else None
    good = [result for result in several if result in own or result.code in accepted]
    usable = [result for result in several if not is_foreign(node, result)]
    return (good or usable or several)[-1]


def is_foreign(node: Node, found: FoundResult | Context | Maker) -> bool:
    """Whether a result was made by a task of another file with another source, though of the same name."""
    return bool(found.file) and found.file != node.file and found.source.hex() != node.source


def warns_of_code(node: Node, result: FoundResult) -> bool:
    """Whether a user should be told that other code made a result, or may have, where ``code`` says so.

    It may have where the task has a file and its function is not found there any more.
    """
    if node.code not in ("", "warn") or not result.code:
        return False
    if not node.code_hash:
        return not node.file.startswith("<")
    return result.code.hex() != node.code_hash
