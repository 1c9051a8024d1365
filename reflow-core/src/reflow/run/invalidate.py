"""Forgetting results: those that are named, and what a run has built on them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence

from reflow.contracts.store import Results
from reflow.errors import OutOfReach, UsageError
from reflow.graph.model import Node
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import InstanceRow, Overview
from reflow.plan.makers import is_foreign
from reflow.plan.verification import Widths, built_on
from reflow.run.opened import OpenRun
from reflow.run.select import kept_of
from reflow.run.settle import settle
from reflow.rundir.control import Scope

Rows = dict[str, list[InstanceRow]]


class Forgotten(NamedTuple):
    """Kept instances by task: those that were named, and those that were built on them."""

    chosen: Rows
    built_on: Rows


def to_forget(run: OpenRun, scopes: Sequence[Scope]) -> Forgotten:
    """Return which results of a run would be forgotten.

    Raises:
        UsageError: The run is not over.
        OutOfReach: Results of the run have not reached the store.
    """
    overview = _settled(run)
    chosen = kept_of(run, scopes)
    widths = Widths(run.graph, {name: row.total for name, row in overview.tasks.items()})
    named = {task: {row.index for row in rows} for task, rows in chosen.items()}
    reached = built_on(widths, named)
    behind = {task: frozenset(found - named.get(task, set())) for task, found in reached.items()}
    further = [Scope(task, indices) for task, indices in behind.items() if indices]
    return Forgotten(chosen, kept_of(run, further))


def forget(run: OpenRun, forgotten: Forgotten) -> None:
    """Have no run reuse these results any more, nor earlier ones of the same identities.

    The run that they are of keeps what it has.

    Raises:
        StoreError: The results cannot be written; some may be forgotten.
    """
    rows = [row for part in forgotten for found in part.values() for row in found]
    reason = f"forgotten by {_user()}"
    with contextlib.closing(run.store.open_results(write=True)) as results:
        keys = [(row.identity, row.output or b"") for row in rows]
        nodes = {row.identity: run.graph.tasks[row.task] for row in rows}
        while keys:
            results.invalidate(keys, reason)
            keys = _left(results, nodes)


def _left(results: Results, nodes: Mapping[bytes, Node]) -> list[tuple[bytes, bytes]]:
    """Return what is left of identities that their tasks could take: what another file's task made is not theirs."""
    several = results.by_makers(nodes.keys())
    newest = results.find(nodes.keys())
    found = [one for identity, last in newest.items() for one in several.get(identity, [last])]
    return [(one.identity, one.output) for one in found if not is_foreign(nodes[one.identity], one)]


def _settled(run: OpenRun) -> Overview:
    overview = run.ledger.overview()
    if not overview.state.is_over:
        raise UsageError(
            f"run {run.id} is {overview.state.value}; what it makes is forgotten once it is over"
        )
    if overview.published < overview.outputs:
        settle(run)
        overview = run.ledger.overview()
    if overview.published < overview.outputs:
        raise OutOfReach(
            f"results of run {run.id} have not reached the store yet; see: {run.typed('status')}"
        )
    return overview


def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
