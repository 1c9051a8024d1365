"""Why tasks have something to run, a line each: one look-up per task, and few of its instances compared."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from reflow.graph.model import Node
from reflow.model.records import EarlierResult, InstanceRow, Overview
from reflow.model.states import InstanceState
from reflow.plan.difference import Part, commonest, made_from, parts_of
from reflow.plan.identity import varying_names
from reflow.run.opened import OpenRun
from reflow.run.past import Past
from reflow.run.why_ran import force_option, is_forced, part_name
from reflow.values.show import show

SAMPLE = 5  #: instances of a task that are compared with earlier results
_FEW = 200  #: indices that are looked through first for instances that are not reused
_TO_RUN = (InstanceState.PENDING, InstanceState.SUBMITTED, InstanceState.SUCCEEDED, InstanceState.FAILED)


class TaskReason(NamedTuple):
    """How much of a task runs and is reused, and why something runs."""

    task: str
    run: int
    reused: int
    reason: str


def task_reasons(run: OpenRun) -> list[TaskReason]:
    """Say of each task that has something to run, and that has run before, why it is not reused.

    What the store does not say, since it is out of reach or has no earlier result, is left out.
    """
    overview = run.ledger.overview()
    found = []
    with contextlib.closing(Past(run)) as past:
        for name, node in run.graph.tasks.items():
            counts = overview.counts.get(name, {})
            to_run = sum(counts.get(state, 0) for state in _TO_RUN)
            if to_run and node.cache and (reason := _reason(run, past, overview, node)):
                found.append(TaskReason(name, to_run, counts.get(InstanceState.REUSED, 0), reason))
    return found


def _reason(run: OpenRun, past: Past, overview: Overview, node: Node) -> str | None:
    if is_forced(run, node.name):
        return f"forced: {force_option(run, node.name)}"
    rows = _some_to_run(run, node)
    earlier = past.results.earlier(node.key, rows[0].index, overview.created) if rows else []
    shared = overview.tasks[node.name].parts or "{}"
    return reason_of(node, shared, rows, earlier, run.info["parameters"], past.parameters)


def _some_to_run(run: OpenRun, node: Node) -> list[InstanceRow]:
    rows = run.ledger.instances(node.name, _TO_RUN, range(_FEW))
    return (rows or run.ledger.instances(node.name, _TO_RUN))[:SAMPLE]


def reason_of(
    node: Node,
    shared: str,
    rows: Sequence[InstanceRow],
    earlier: Sequence[EarlierResult],
    now: Mapping[str, Any],
    then: Callable[[str], Mapping[str, str]],
) -> str | None:
    """Return what differs most often between some instances of a task and earlier results; None without these.

    Args:
        shared: The parts of identity that all its instances share, as JSON.
        now: The tagged parameters by key.
        then: Returns the parameters of an earlier run, each as one line.
    """
    given_to_all = [part.name for part in parts_of(shared, (), b"") if part.kind == "input"]
    varying = varying_names(node, given_to_all)
    instances = [(row.index, parts_of(shared, varying, row.parts)) for row in rows[:SAMPLE]]
    found = commonest(instances, made_from(earlier))
    if found is None:
        return None
    if found.part is None:
        return f"its earlier result is stale: {found.result.stale}" if found.result.stale else None
    return _change(node, found.part, found.result, now, then)


def _change(
    node: Node,
    part: Part,
    result: EarlierResult,
    now: Mapping[str, Any],
    then: Callable[[str], Mapping[str, str]],
) -> str:
    """Return a part that changed, from what to what where that is known of all instances alike."""
    if part.kind == "version":
        return f"the version changed from {result.context.version} to {node.version}"
    entry = next((one for one in node.inputs if part.kind == "input" and one.name == part.name), None)
    if entry is not None and entry.sources:
        return f"{part.name} changed, which comes from {' and '.join(s.task for s in entry.sources)}"
    key = entry.parameter if entry is not None else None
    before = then(result.context.run_id).get(key) if key else None
    if key is None or before is None or before == show(now.get(key)):
        return f"{part_name(part)} changed"
    return f"{part.name} changed from {before} to {show(now.get(key))}"
