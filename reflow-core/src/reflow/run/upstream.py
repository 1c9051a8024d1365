"""What finished tasks offer to those behind them: digests to plan with, values to run with."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from reflow.contracts.store import Ledger
from reflow.errors import StoreDamaged, StoreError
from reflow.graph.model import Source
from reflow.model.records import InstanceRow, TaskRow
from reflow.model.states import InstanceState, TaskState
from reflow.plan.expand import Finished
from reflow.plan.inputs import takes_items
from reflow.run.draft import Draft
from reflow.run.shared_results import SharedResults
from reflow.values.digests import canonical
from reflow.values.items import items_of

if TYPE_CHECKING:
    from reflow.run.hold import Hold

_REUSED = {InstanceState.REUSED}


class Purged(StoreError):
    """An output that was reused cannot be read from the results, or is not there yet: its task has to come first.

    Attributes:
        task: The task whose output it is.
    """

    def __init__(self, task: str, cause: StoreError) -> None:
        super().__init__(str(cause))
        self.task = task


def load_finished(
    ledger: Ledger | Draft, results: SharedResults, row: TaskRow, *, with_items: bool
) -> Finished:
    """Return what a task that is over offers to the planner.

    Raises:
        Purged: Item digests of a reused output are out of reach.
    """
    if row.state is not TaskState.EXPANDED:
        return Finished(row.state)
    instances = ledger.instances(row.task)
    outputs = [found.output if found.state.is_success else None for found in instances]
    if not with_items:
        return Finished(row.state, outputs)
    items = ledger.items(row.task)
    reused = [found for found in instances if found.state is InstanceState.REUSED]
    if reused:
        try:
            digests = results.items(_keys(reused))
        except StoreError as error:
            raise Purged(row.task, error) from error
        items |= {found.index: own for found, own in zip(reused, digests, strict=True) if own is not None}
    return Finished(row.state, outputs, items)


def element_texts(
    ledger: Ledger, results: SharedResults, source: Source, indices: Collection[int] = ()
) -> Iterator[tuple[int, str]]:
    """Stream the elements that a source contributes, as (number of the element, JSON text).

    Args:
        indices: Only these instances of the upstream task, where each contributes its whole value.

    Raises:
        Purged: The value of a reused output is out of reach.
    """
    texts = _value_texts(ledger, results, source.task, () if takes_items(source) else indices)
    return _elements(source, texts)


def delivered_texts(hold: Hold, source: Source, indices: Sequence[int] = ()) -> Iterator[str]:
    """Stream the JSON texts of the elements that a source delivers: those of every instance that was counted on.

    Args:
        indices: Only these instances of the upstream task, ascending, where each contributes its whole value.

    Raises:
        Purged: The value of a reused output is out of reach, or an instance is yet to succeed.
        StoreError: One that succeeded has no value.
    """
    task = source.task
    total = hold.overview().tasks[task].total
    if total is None:
        raise Purged(task, StoreError(f"{task} is yet to be expanded"))
    wanted = () if takes_items(source) else indices
    texts = _value_texts(hold.ledger, hold.results, task, wanted)
    whole = _whole(hold, task, texts, wanted or range(total))
    return (text for _, text in _elements(source, whole))


def _whole(
    hold: Hold, task: str, texts: Iterator[tuple[int, str]], expected: Iterable[int]
) -> Iterator[tuple[int, str]]:
    """Pass values on as long as there is one of each instance that is expected, in turn, and no other."""
    for index in expected:
        found, text = next(texts, (None, ""))
        if found != index:
            raise _not_whole(hold, task, index)
        yield index, text
    for index, _ in texts:
        raise _not_whole(hold, task, index)


def _not_whole(hold: Hold, task: str, index: int) -> StoreError:
    if not all(row.state.is_success for row in hold.ledger.instances(task, (), {index})):
        return Purged(task, StoreError(f"{task}[{index}] is yet to succeed"))
    return no_fit(hold, f"it does not have one value for {task}[{index}]")


def no_fit(hold: Hold, why: str) -> StoreDamaged:
    """Return the error for a ledger whose rows, each of them sound, do not fit each other."""
    return StoreDamaged(f"the ledger of run {hold.run.id} is damaged: {why}; submit again")


def _elements(source: Source, texts: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    if not takes_items(source):
        return texts
    return enumerate(canonical(item) for _, text in texts for item in items_of(json.loads(text)))


def _value_texts(
    ledger: Ledger, results: SharedResults, task: str, indices: Collection[int]
) -> Iterator[tuple[int, str]]:
    """Merge the values that this run made with those that it reuses, by index."""
    reused = ledger.instances(task, _REUSED, indices)
    own = ((found.index, found.value) for found in ledger.values(task, indices))
    if not reused:
        return own
    return _merged(own, _reused_texts(results, task, reused))


def _reused_texts(results: SharedResults, task: str, rows: list[InstanceRow]) -> Iterator[tuple[int, str]]:
    try:
        for row, text in zip_longest(rows, results.values(_keys(rows))):
            yield row.index, text
    except StoreError as error:
        raise Purged(task, error) from error


def _merged(left: Iterator[tuple[int, str]], right: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    from heapq import merge

    return merge(left, right)


def _keys(rows: list[InstanceRow]) -> list[tuple[bytes, bytes]]:
    return [(row.identity, row.output or b"") for row in rows]
