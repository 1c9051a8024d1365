"""From the ledger of one run to the results that runs share."""

from __future__ import annotations

import json
from collections.abc import Iterable

from reflow.graph.model import Node
from reflow.model.records import Changes, Context, NewResult, TaskRow, Unpublished
from reflow.plan.identity import varying_names
from reflow.run.disagreement import tell_disagreements
from reflow.run.hold import Hold
from reflow.run.opened import OpenRun
from reflow.rundir.messages import told

BATCH = 5_000  #: outputs per transaction; a store gives fewer at once where their values are long


def publish(hold: Hold) -> int:
    """Append all outputs that wait in the ledger to the results; out of reach, they go on waiting.

    Left out is what no run is ever to reuse: what is not reusable, and what a task with ``cache=False`` returned,
    which must not be taken for what its inputs make once ``cache`` is on again.

    Returns:
        The number of the last output that need not be looked at again, for the ledger's ``published``.
    """
    overview = hold.overview()
    done = overview.published
    while done < overview.outputs and (waiting := hold.ledger.unpublished(BATCH)):
        by_task: dict[str, list[Unpublished]] = {}
        for found in waiting:
            by_task.setdefault(found.output.task, []).append(found)
        batches = [
            (context_of(hold.run, overview.tasks[task]), rows)
            for task, found in by_task.items()
            if (rows := results_of(hold.run.graph.tasks[task], found))
        ]
        if batches and not hold.results.append(batches):
            break
        before = [*hold.messages, *told(hold.run.paths)] if batches else []
        hold.messages += tell_disagreements(hold.run.graph, hold.results, batches, before)
        done = waiting[-1].number
        if done < overview.outputs:
            hold.apply(Changes(published=done))
    return done


def results_of(node: Node, waiting: Iterable[Unpublished]) -> list[NewResult]:
    """Return those outputs of a task that other runs may use, as the results keep them."""
    return [_result(found) for found in waiting if found.output.reusable] if node.cache else []


def _result(found: Unpublished) -> NewResult:
    output = found.output
    return NewResult(
        found.identity,
        output.output,
        output.value,
        output.items if output.paths else None,  # see `shared_results.load_items`
        output.paths,
        output.index,
        output.attempt,
        found.parts,
        found.created,
    )


def context_of(run: OpenRun, row: TaskRow) -> Context:
    """Return what the results of a task of a run share."""
    node = run.graph.tasks[row.task]
    parts = row.parts or "{}"
    shared = json.loads(parts).get("shared", {})
    varying = varying_names(node, shared)
    return Context(
        run.id,
        row.task,
        node.key,
        node.version,
        bytes.fromhex(node.code_hash),
        bytes.fromhex(node.source),
        node.file,
        parts,
        varying,
    )
