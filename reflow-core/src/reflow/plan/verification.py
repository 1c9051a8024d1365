"""What is made again when kept outputs do not hold: what is wrong and all that was built on it, what is missing
only where something needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reflow.graph.model import Graph, Node
from reflow.model.named_tuple import NamedTuple
from reflow.plan.inputs import takes_items

Chosen = dict[str, set[int]]  #: some instances, by task


class Stale(NamedTuple):
    """Kept outputs that do not hold, by task and index, with the reason of each.

    Attributes:
        wrong: What they hold is not to be used.
        missing: They were taken away, which does nothing to what was built on them.
    """

    wrong: Mapping[str, Mapping[int, str]]
    missing: Mapping[str, Mapping[int, str]]


class Widths:
    """How many instances each task of a run has; None where that is not known."""

    def __init__(self, graph: Graph, totals: Mapping[str, int | None]) -> None:
        self.graph = graph
        self._totals = totals

    def of(self, task: str) -> int:
        """Return the number of instances; none of a task that has not got any yet."""
        return self._totals.get(task) or 0

    def all_of(self, task: str) -> set[int]:
        """Return every index of a task."""
        return set(range(self.of(task)))


def to_make_again(widths: Widths, stale: Stale, opened: Mapping[str, set[int]]) -> Chosen:
    """Return which kept instances are to run again so that what was opened can run.

    Args:
        opened: The instances that are to run in any case; all of a task that is yet to be expanded.
    """
    again = built_on(widths, {task: set(found) for task, found in stale.wrong.items()})
    for name in reversed(list(widths.graph.tasks)):
        needs = again.get(name, set()) | opened.get(name, set())
        if not needs and name not in opened:
            continue
        for task, indices in fed_by(widths, name, needs if needs else None):
            missing = indices & stale.missing.get(task, {}).keys()
            if missing:
                again.setdefault(task, set()).update(missing)
    return again


def built_on(widths: Widths, origins: Mapping[str, set[int]]) -> Chosen:
    """Return instances and all that was made from what they returned, step by step."""
    found: Chosen = {task: set(indices) for task, indices in origins.items() if indices}
    for name, node in widths.graph.tasks.items():
        for link in _links(widths, node):
            if not (bad := found.get(link.task)):
                continue
            reached = widths.all_of(name) if link.whole else {i + link.offset for i in bad}
            found.setdefault(name, set()).update(reached & widths.all_of(name))
    return found


def fed_by(widths: Widths, task: str, indices: set[int] | None) -> Iterator[tuple[str, set[int]]]:
    """Yield which instances of each upstream task some instances of a task receive something from.

    Args:
        indices: None for all that the task will have.
    """
    for link in _links(widths, widths.graph.tasks[task]):
        whole = widths.all_of(link.task)
        if link.whole or indices is None:
            yield link.task, whole
        else:
            yield link.task, {i - link.offset for i in indices} & whole


class _Link(NamedTuple):
    """How a task is fed by another: by all of it, or element by element, from an offset on."""

    task: str
    whole: bool
    offset: int = 0


def _links(widths: Widths, node: Node) -> Iterator[_Link]:
    for entry in node.inputs:
        offset = 0
        is_each = entry.deliver == "each"
        for source in entry.sources:
            is_each = is_each and not takes_items(source)  # where the next one begins is not known then
            yield _Link(source.task, not is_each, offset)
            offset += widths.of(source.task)
    for name in node.after:
        yield _Link(name, True)
