"""What an instance waits for, and what keeps one from running: other tasks, and the scheduler's queue."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from reflow.errors import ReflowError
from reflow.model.records import InstanceRow, Overview
from reflow.model.states import InstanceState, TaskState
from reflow.plan.expand import is_over
from reflow.plan.makers import work_code
from reflow.run.clock import iso
from reflow.run.opened import OpenRun
from reflow.rundir.at_work import count_at_work
from reflow.rundir.queue import read_waits

BLOCKING = 3  #: instances that are named for what they keep from running
_UNSUCCESSFUL = (InstanceState.FAILED, InstanceState.CANCELLED)


def waits_for(run: OpenRun, overview: Overview, task: str) -> list[str]:
    """Return the upstream tasks that are not over, each with how far it is: ``convert (3 of 5 done)``."""
    return [
        _progress(overview, name)
        for name in run.graph.upstream(task)
        if not is_over(overview.tasks[name], overview.counts.get(name, {}))
    ]


def _progress(overview: Overview, task: str) -> str:
    total = overview.tasks[task].total
    if total is None or overview.tasks[task].state is TaskState.WAITING:
        return task
    done = sum(count for state, count in overview.counts.get(task, {}).items() if state.is_terminal)
    return f"{task} ({done} of {total} done)"


def equal_work(run: OpenRun, overview: Overview, row: InstanceRow) -> str | None:
    """Return the instance of this run that does the same work at the moment, if there is one."""
    own = run.graph.tasks[row.task]
    for name, node in run.graph.tasks.items():
        is_same = node.key == own.key and work_code(node) == work_code(own)
        if is_same and overview.counts.get(name, {}).get(InstanceState.SUBMITTED):
            for other in run.ledger.instances(name, {InstanceState.SUBMITTED}):
                if other.identity == row.identity:
                    return instance_name(run, name, other.index)
    return None


def queue_of(run: OpenRun, row: InstanceRow) -> dict[str, Any] | None:
    """Return where an instance is that was handed over.

    Returns:
        What users call its ``job`` (empty while there is none), its ``native_id`` and the ``element`` in it (None where
        elements share their instances), ``since`` when, how many of that job's instances are ``at_work``, and why
        elements of its task wait: ``reasons``, with their numbers, as the scheduler told them at ``as_of``.
    """
    found = run.ledger.submissions([row.submission]) if row.submission else []
    if not found:
        return None
    submission, asked = found[0], read_waits(run.paths)
    element = (row.position or 0) // submission.pack if submission.pack else None
    return {
        "job": _shown(run, submission.native_id, element),
        "native_id": submission.native_id,
        "element": element,
        "since": iso(submission.created),
        "at_work": count_at_work(run.paths.submission(submission.token), asked.stopped.get(submission.token)),
        "reasons": dict(asked.waits.get(row.task, {})),
        "as_of": iso(asked.as_of) if asked.as_of else None,
    }


def _shown(run: OpenRun, native_id: str | None, element: int | None) -> str:
    if native_id is None:
        return ""
    try:
        return run.executor.shown(native_id, element)
    except ReflowError:  # its plugin is not here
        return f"job {native_id}"


def blocked_by(
    run: OpenRun, overview: Overview, task: str, indices: Collection[int] | None = None
) -> list[str]:
    """Say which instances upstream did not succeed, and why: the first of each task, and how many more there are.

    Those that were only skipped lead further up.

    Args:
        indices: Of instances whose own upstream elements did not succeed; None for the whole task.
    """
    found: list[str] = []
    for name in run.graph.upstream(task):
        found += _unsuccessful(run, overview, name, _own_elements(run, task, name, indices))
    return list(dict.fromkeys(found))


def _own_elements(
    run: OpenRun, task: str, upstream: str, indices: Collection[int] | None
) -> Collection[int] | None:
    chained = any(
        entry.mode == "chain" and source.task == upstream
        for entry in run.graph.tasks[task].inputs
        for source in entry.sources
    )
    return indices if chained else None


def _unsuccessful(run: OpenRun, overview: Overview, name: str, indices: Collection[int] | None) -> list[str]:
    task = overview.tasks[name]
    if task.state in (TaskState.FAILED, TaskState.CANCELLED):
        return [f"{name} {task.state.value}{_because(task.reason)}"]
    if task.state is TaskState.SKIPPED:
        return blocked_by(run, overview, name)
    rows = run.ledger.instances(name, _UNSUCCESSFUL, indices or ())
    if rows or not overview.counts.get(name, {}).get(InstanceState.SKIPPED):
        return _named(run, rows)
    skipped = run.ledger.instances(name, {InstanceState.SKIPPED}, indices or ())
    return blocked_by(run, overview, name, {row.index for row in skipped}) if skipped else []


def _named(run: OpenRun, rows: Sequence[InstanceRow]) -> list[str]:
    named = [
        f"{instance_name(run, row.task, row.index)} {row.state.value}{_because(row.reason)}"
        for row in rows[:BLOCKING]
    ]
    more = len(rows) - BLOCKING
    return [*named, f"{more} more of {rows[0].task}"] if more > 0 else named


def _because(reason: str | None) -> str:
    return f": {reason}" if reason and reason != "cancelled" else ""


def instance_name(run: OpenRun, task: str, index: int) -> str:
    """Return the name of an instance as it is typed."""
    return f"{task}[{index}]" if run.graph.tasks[task].array else task
