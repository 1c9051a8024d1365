"""Why tasks have something to run, a line each: one look-up per task, and few of its instances compared."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from reflow.graph.model import Graph, Node
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import EarlierResult, InstanceRow, Overview
from reflow.model.states import InstanceState
from reflow.plan.difference import Part, commonest, made_from, parts_of
from reflow.plan.identity import varying_names
from reflow.run.opened import OpenRun
from reflow.run.other_code import changed_code
from reflow.run.own_files import told_own_files
from reflow.run.past import Past, PastRuns
from reflow.run.why_ran import (
    UNCACHED,
    force_option,
    is_forced,
    not_taken,
    part_name,
    same_work,
    why_uncached,
)
from reflow.values.show import show

FIRST = "no earlier result of it is in the store"
MEANWHILE = "no result of it was in the store when this run was submitted"  #: what is reused came since
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
    """Say of each task that has something to run why it is not reused.

    What the store does not say, since it is out of reach, is left out. Where nothing ran before, nothing is said.
    """
    overview = run.ledger.overview()
    found = []
    with contextlib.closing(Past(run)) as past:
        for name, node in run.graph.tasks.items():
            counts = overview.counts.get(name, {})
            to_run = sum(counts.get(state, 0) for state in _TO_RUN)
            if to_run and (reason := _reason(run, past, overview, node)):
                found.append(TaskReason(name, to_run, counts.get(InstanceState.REUSED, 0), reason))
    ran_before = any(counts.get(InstanceState.REUSED) for counts in overview.counts.values())
    return found if ran_before or any(one.reason not in (UNCACHED, FIRST) for one in found) else []


def _reason(run: OpenRun, past: Past, overview: Overview, node: Node) -> str | None:
    if not node.cache:
        return why_uncached(node)
    if is_forced(run, node.name):
        return f"forced: {force_option(run, node.name)}"
    rows = _some_to_run(run, node)
    earlier = past.results.earlier(node.key, rows[0].index, overview.created) if rows else []
    is_new = not any(one.index == rows[0].index for one in earlier)  # else what is different is the reason
    if is_new and (why := next(filter(None, map(past.without_result, rows)), "")):
        return why
    shared = overview.tasks[node.name].parts or "{}"
    found = reason_of(run.graph, node, shared, rows, earlier, run.info["parameters"], past)
    if found or past.results.trouble:
        return found
    return MEANWHILE if overview.counts[node.name].get(InstanceState.REUSED) else FIRST


def _some_to_run(run: OpenRun, node: Node) -> list[InstanceRow]:
    rows = run.ledger.instances(node.name, _TO_RUN, range(_FEW))
    return (rows or run.ledger.instances(node.name, _TO_RUN))[:SAMPLE]


def reason_of(
    graph: Graph,
    node: Node,
    shared: str,
    rows: Sequence[InstanceRow],
    earlier: Sequence[EarlierResult],
    now: Mapping[str, Any],
    past: PastRuns,
    code: Mapping[bytes, str] = {},
) -> str | None:
    """Return what differs most often between some instances of a task and earlier results; None without these.

    Args:
        shared: The parts of identity that all its instances share, as JSON.
        now: The tagged parameters by key, with the stamps of their files.
        code: What the present codes are made of, where the store does not know that yet.
    """
    given_to_all = [part.name for part in parts_of(shared, (), b"") if part.kind == "input"]
    varying = varying_names(node, given_to_all)
    instances = [(row.index, parts_of(shared, varying, row.parts)) for row in rows[:SAMPLE]]
    found = commonest(instances, made_from(earlier))
    if found is None:
        return None
    result = found.result
    if found.part is None:
        row = next((row for row in rows if row.identity == result.identity), rows[0])
        return not_taken(past, graph, node, row, same_work(node, row, earlier) or result).reason
    if found.part.kind == "code" and (changed := changed_code(past.results, node, result.context.code, code)):
        reason = f"the code changed: {changed}"
    else:
        reason = _change(node, found.part, result, now, past.parameters(result.context.run_id))
    return "; ".join([reason, *told_own_files(past, result.context.run_id, node, now)])


def _change(
    node: Node, part: Part, result: EarlierResult, now: Mapping[str, Any], then: Mapping[str, str]
) -> str:
    """Return a part that changed, from what to what where that is known of all instances alike.

    Args:
        then: The parameters of the run that made the result, each as one line.
    """
    if part.kind == "version":
        return f"the version changed from {result.context.version} to {node.version}"
    entry = next((one for one in node.inputs if part.kind == "input" and one.name == part.name), None)
    if entry is not None and entry.sources:
        return f"{part.name} changed, which comes from {' and '.join(s.task for s in entry.sources)}"
    key = entry.parameter if entry is not None else None
    before = then.get(key) if key else None
    if key is None or before is None or before == show(now.get(key)):
        return f"{part_name(part)} changed"
    return f"{part.name} changed from {before} to {show(now.get(key))}"
