"""Which values of which upstream instances a task's inputs are put together from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reflow.graph.model import Graph, Input, Node, Source
from reflow.model.named_tuple import NamedTuple


class Delivery(NamedTuple):
    """The result inputs of a task, by how they reach its instances."""

    shared: Sequence[Input]
    """All instances receive the same value."""
    each: Sequence[Input]
    """Instance *i* receives element *i*."""


def deliveries(node: Node) -> Delivery:
    """Return how each result input of a task is delivered."""
    results = [entry for entry in node.inputs if entry.kind == "result"]
    return Delivery(
        [entry for entry in results if entry.deliver != "each"],
        [entry for entry in results if entry.deliver == "each"],
    )


def constant_inputs(node: Node) -> Iterator[Input]:
    """Yield the inputs whose values are known before anything ran."""
    return (entry for entry in node.inputs if entry.kind in ("parameter", "bound"))


def takes_items(source: Source) -> bool:
    """Whether a source contributes the items of lists rather than whole values."""
    return source.part in ("items", "flat")


def gives_items(graph: Graph, task: str) -> bool:
    """Whether another task takes the items of what a task returns."""
    inputs = (entry for node in graph.tasks.values() for entry in node.inputs)
    return any(source.task == task and takes_items(source) for entry in inputs for source in entry.sources)
