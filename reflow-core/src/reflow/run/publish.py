"""From the ledger of one run to the results that runs share."""

from __future__ import annotations

import json

from reflow.model.records import Changes, Context, NewResult, Unpublished
from reflow.plan.identity import varying_names
from reflow.run.hold import Hold

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
            if found.output.reusable and hold.run.graph.tasks[found.output.task].cache:
                by_task.setdefault(found.output.task, []).append(found)
        batches = [(_context(hold, task), list(map(_result, found))) for task, found in by_task.items()]
        if batches and not hold.results.append(batches):
            break
        done = waiting[-1].number
        if done < overview.outputs:
            hold.apply(Changes(published=done))
    return done


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


def _context(hold: Hold, task: str) -> Context:
    node = hold.run.graph.tasks[task]
    parts = hold.overview().tasks[task].parts or "{}"
    shared = json.loads(parts).get("shared", {})
    varying = varying_names(node, shared)
    return Context(
        hold.run.id,
        task,
        node.key,
        node.version,
        bytes.fromhex(node.code_hash),
        bytes.fromhex(node.source),
        node.file,
        parts,
        varying,
    )
