"""From finished upstream tasks to the instances of a task: how many, and what each is known by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reflow.graph.model import Graph, Input, Node, Source
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import InstanceRow, TaskRow
from reflow.model.states import InstanceState, TaskState
from reflow.plan.identity import Recipe, split_digests
from reflow.values.digests import digest, digest_many


class Finished(NamedTuple):
    """What a task that is over offers to those behind it.

    Attributes:
        outputs: Output hash by index; None where the instance did not succeed.
        items: Concatenated item digests by index, of those outputs that are lists.
    """

    state: TaskState
    outputs: Sequence[bytes | None] = ()
    items: Mapping[int, bytes] = {}

    @property
    def is_whole(self) -> bool:
        """Whether every instance has an output."""
        return self.state is TaskState.EXPANDED and None not in self.outputs


class Expansion(NamedTuple):
    """The instances of a task, or why it has none.

    Attributes:
        varying: Names of the parameters whose digests are in each row's ``parts``.
    """

    task: TaskRow
    rows: Sequence[InstanceRow] = ()
    varying: tuple[str, ...] = ()


def is_over(row: TaskRow, counts: Mapping[InstanceState, int]) -> bool:
    """Whether nothing of a task can change by itself any more."""
    if row.state is TaskState.WAITING:
        return False
    return all(state.is_terminal for state, count in counts.items() if count)


def waiting_behind(graph: Graph, tasks: Mapping[str, TaskRow], opened: Iterable[str]) -> list[TaskRow]:
    """Return all tasks behind some of which instances are opened again as waiting, to be expanded afresh.

    Until then nothing of them is decided on: what they were to be given may come back as something else, or not at
    all. What they have come to is kept where it comes back the same; a task that was cancelled stays so.
    """
    reached = set(opened)
    waiting = []
    for name in graph.tasks:
        if not reached.intersection(graph.upstream(name)):
            continue
        reached.add(name)
        if tasks[name].state is not TaskState.CANCELLED:
            waiting.append(tasks[name]._replace(state=TaskState.WAITING, reason=None))
    return waiting


def expand(node: Node, finished: Mapping[str, Finished], shared: Mapping[str, bytes]) -> Expansion:
    """Return the instances of a task whose upstream tasks are all over.

    Args:
        finished: What each upstream task offers.
        shared: Digests of the parameters that come from the command line or are bound.
    """
    if broken := _broken_upstream(node, finished):
        return _without_instances(node, TaskState.SKIPPED, f"{broken} did not succeed")
    received = dict(shared)
    each: dict[str, list[bytes | None]] = {}
    for entry in _results(node):
        elements = [
            element for source in entry.sources for element in _elements(finished[source.task], source)
        ]
        if entry.deliver == "each":
            each[entry.name] = elements
        else:
            received[entry.name] = _whole(entry, elements)
    lengths = {name: len(elements) for name, elements in each.items()}
    if len(set(lengths.values())) > 1:
        told = " and ".join(f"{name} has {length}" for name, length in lengths.items())
        return _without_instances(node, TaskState.FAILED, f"its lists are of unequal length: {told}")
    total = next(iter(lengths.values()), 1)
    after = [digest_many("list", [output or b"" for output in finished[name].outputs]) for name in node.after]
    recipe = Recipe(node, received, list(each), after)
    columns = [each[name] for name in recipe.varying]
    rows = [_row(node, index, recipe, [column[index] for column in columns]) for index in range(total)]
    return Expansion(TaskRow(node.name, TaskState.EXPANDED, total, None, recipe.parts), rows, recipe.varying)


def _row(node: Node, index: int, recipe: Recipe, own: list[bytes | None]) -> InstanceRow:
    digests = [piece for piece in own if piece is not None]
    if len(digests) < len(own):
        nothing = digest("skipped", [node.key, index])
        return InstanceRow(
            node.name, index, InstanceState.SKIPPED, nothing, reason="its upstream did not succeed"
        )
    return InstanceRow(
        node.name, index, InstanceState.PENDING, recipe.identity(digests), parts=b"".join(digests)
    )


def _results(node: Node) -> Iterable[Input]:
    return (entry for entry in node.inputs if entry.kind == "result")


def _broken_upstream(node: Node, finished: Mapping[str, Finished]) -> str | None:
    """Name the upstream task that keeps the whole task from running, if there is one."""
    for name in node.after:
        if not finished[name].is_whole:
            return name
    for entry in _results(node):
        for source in entry.sources:
            up = finished[source.task]
            if up.state is not TaskState.EXPANDED or (entry.mode != "chain" and not up.is_whole):
                return source.task
    return None


def _without_instances(node: Node, state: TaskState, reason: str) -> Expansion:
    return Expansion(TaskRow(node.name, state, None if node.array else 1, reason))


def _elements(up: Finished, source: Source) -> list[bytes | None]:
    """Return the digests of the elements that a source contributes; None for one that has no output."""
    if source.part in ("value", "elements"):
        return list(up.outputs)
    found: list[bytes | None] = []
    for index in range(len(up.outputs)):
        found += split_digests(up.items.get(index, b""))
    return found


def _whole(entry: Input, elements: list[bytes | None]) -> bytes:
    digests = [element for element in elements if element is not None]
    return digests[0] if entry.deliver == "value" else digest_many("list", digests)
