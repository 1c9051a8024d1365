"""Making outputs again that do not hold: before a retry, and before what takes them is handed over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reflow.graph.model import Graph, Source
from reflow.model.records import InstanceRow, Overview, TaskRow
from reflow.model.states import KEPT, InstanceState
from reflow.plan.expand import waiting_behind
from reflow.plan.verification import Chosen, Stale, Widths, fed_by, to_make_again
from reflow.run.hold import Hold
from reflow.run.upstream import Purged, element_texts
from reflow.run.verify import FILES_ONLY, Checks, Finding, Outputs, findings, refused_file
from reflow.view.words import elements, plural

_BUILT_ON = "it was built on an output that does not hold"


def repaired(
    hold: Hold, overview: Overview, opened: Sequence[TaskRow], rows: Iterable[InstanceRow]
) -> tuple[list[TaskRow], list[InstanceRow]]:
    """Check all that is upstream of what a retry opens, and open what must be made again for it.

    What was built on what does not hold is made again, too, so all that is upstream of that is checked as well.

    Returns:
        The tasks that wait, those that were ``opened`` among them, and the instances that are opened in addition.
    """
    graph = hold.run.graph
    wanted: Chosen = {row.task: set() for row in opened}
    for row in rows:
        wanted.setdefault(row.task, set()).add(row.index)
    stale = Stale({}, {})
    again: Chosen = {}
    known: set[str] = set()
    while unknown := [n for n in with_upstream(graph, wanted.keys() | again.keys()) if n not in known]:
        found = _stale(hold, overview, unknown)
        stale = Stale({**stale.wrong, **found.wrong}, {**stale.missing, **found.missing})
        again = to_make_again(widths(graph, overview), stale, wanted)
        known.update(unknown)
    return _reopened(hold, overview, again, stale, opened)


def missing_inputs(
    hold: Hold, overview: Overview, run: Mapping[str, Sequence[InstanceRow]]
) -> tuple[list[TaskRow], list[InstanceRow]]:
    """Open those reused outputs whose files are gone, and that instances which are to run would be given."""
    wide = widths(hold.run.graph, overview)
    fed: Chosen = {}
    for task, rows in run.items():
        for up, indices in fed_by(wide, task, {row.index for row in rows}):
            fed.setdefault(up, set()).update(indices)
    gone: dict[str, dict[int, str]] = {}
    for task, indices in fed.items():
        reused = overview.counts.get(task, {}).get(InstanceState.REUSED)
        found = _gone(hold, task, indices) if reused else {}
        if found:
            gone[task] = found
    if not gone:
        return [], []
    again = {task: set(found) for task, found in gone.items()}
    return _reopened(hold, overview, again, Stale({}, gone), ())


def widths(graph: Graph, overview: Overview) -> Widths:
    """Return how many instances each task of a run has."""
    return Widths(graph, {name: row.total for name, row in overview.tasks.items()})


def with_upstream(graph: Graph, names: Iterable[str]) -> list[str]:
    """Return tasks and all that is upstream of them, in the order of the graph."""
    found = set(names)
    for name in reversed(list(graph.tasks)):
        if name in found:
            found.update(graph.upstream(name))
    return [name for name in graph.tasks if name in found]


def _stale(hold: Hold, overview: Overview, tasks: Iterable[str]) -> Stale:
    wrong: dict[str, dict[int, str]] = {}
    missing: dict[str, dict[int, str]] = {}
    with Checks(hold.run, hold.lease.beat) as checks:
        for task, index, verdict in _looked_at(hold, overview, checks, tasks):
            if not verdict.holds:
                (missing if verdict.missing else wrong).setdefault(task, {})[index] = verdict.reason
        if checks.trouble:
            hold.messages.append(f"{checks.trouble}; {FILES_ONLY}")
    return Stale(wrong, missing)


def _looked_at(hold: Hold, overview: Overview, checks: Checks, tasks: Iterable[str]) -> Iterator[Finding]:
    outputs = Outputs(hold.ledger, hold.results)
    for task in tasks:
        if any(overview.counts.get(task, {}).get(state) for state in KEPT):
            yield from findings(checks.check_for_readers, outputs, task)


def _gone(hold: Hold, task: str, indices: set[int]) -> dict[int, str]:
    """Return those reused instances of which a file is gone, or another one that no worker would hand on."""
    rows = {row.index for row in hold.ledger.instances(task, {InstanceState.REUSED}, indices)}
    try:
        texts = element_texts(hold.ledger, hold.results, Source(task, "elements"), indices)
        return {index: why for index, text in texts if index in rows and (why := refused_file(text))}
    except Purged:  # which is seen to where it is handed over
        return {}


def _reopened(
    hold: Hold, overview: Overview, again: Chosen, stale: Stale, opened: Sequence[TaskRow]
) -> tuple[list[TaskRow], list[InstanceRow]]:
    """Return instances that are made again as pending, and the tasks behind them as waiting.

    Those tasks are expanded afresh: what was built on an output that comes back the same is kept. What is wrong,
    or was built on that, other runs are to use no more; what is missing only is theirs as it was.
    """
    rows: list[InstanceRow] = []
    for task, indices in again.items():
        kept = hold.ledger.instances(task, KEPT, indices)
        missing = stale.missing.get(task, {})
        why = {row.index: _reason(task, row.index, stale) for row in kept}
        if kept:
            first = f"{_named(hold, kept[0])}: {why[kept[0].index]}"
            hold.messages.append(f"{task}: {plural(len(kept), 'instance')} made again: {first}")
        _forget(hold, task, [row for row in kept if row.index not in missing], stale)
        rows += [_pending(row, why[row.index]) for row in kept]
    behind = waiting_behind(hold.run.graph, overview.tasks, {row.task for row in rows})
    return list({row.task: row for row in [*behind, *opened]}.values()), rows


def _forget(hold: Hold, task: str, rows: Sequence[InstanceRow], stale: Stale) -> None:
    """Have other runs use outputs of a task no more; of many that are wrong, one stands for all."""
    reasons = stale.wrong.get(task, {})
    wrong = [row for row in rows if row.index in reasons]
    built_on = [row for row in rows if row.index not in reasons]
    if wrong:
        first = f"{_named(hold, wrong[0])}: {reasons[wrong[0].index]}"
        many = f"it is one of {len(wrong)} of {task} that did not hold, such as {first}"
        hold.results.invalidate(_keys(wrong), first if len(wrong) == 1 else many)
    if built_on:
        hold.results.invalidate(_keys(built_on), _BUILT_ON)


def _named(hold: Hold, row: InstanceRow) -> str:
    return elements(row.task, [row.index], array=hold.run.graph.tasks[row.task].array)


def _keys(rows: Iterable[InstanceRow]) -> list[tuple[bytes, bytes]]:
    return [(row.identity, row.output or b"") for row in rows]


def _reason(task: str, index: int, stale: Stale) -> str:
    found = stale.wrong.get(task, {}).get(index) or stale.missing.get(task, {}).get(index)
    return found or _BUILT_ON


def _pending(row: InstanceRow, reason: str) -> InstanceRow:
    return row._replace(state=InstanceState.PENDING, output=None, fresh=True, tries=None, reason=reason)
