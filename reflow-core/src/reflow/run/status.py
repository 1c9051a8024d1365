"""How a run stands, as one dict that commands print, scripts read and notebooks draw."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from reflow.filesystem.files import read_bytes, replace_file
from reflow.model.records import AttemptRow, InstanceRow, Overview, SubmissionRow, TaskRow
from reflow.model.states import InstanceState, RunState, TaskState
from reflow.run.clock import iso
from reflow.run.opened import OpenRun
from reflow.rundir.lease import lease_holder
from reflow.rundir.messages import told
from reflow.rundir.queue import Asked, Stopped, read_waits
from reflow.values.show import show
from reflow.view.words import quoted

if TYPE_CHECKING:
    from reflow.filesystem.locks import Holder
    from reflow.graph.model import Graph

LITTLE = 1 << 20  #: bytes that are left on a disk that is as good as full

_PLAIN = {TaskState.WAITING: "waiting", TaskState.FAILED: "failed", TaskState.SKIPPED: "skipped"}
_PLAIN[TaskState.CANCELLED] = "cancelled"


def read_status(run: OpenRun) -> dict[str, Any]:
    """Return how a run stands; what it costs does not grow with the number of instances that went well.

    The keys are those of ``status --json``: ``run_id``, ``workflow``, ``state``, ``created_at``, ``ended_at``,
    ``run_dir``, ``executor``, ``parameters``, ``tasks``, ``failed``, ``queue``, ``driver`` and ``messages``.

    Raises:
        StoreError: The ledger cannot be read.
    """
    ledger = run.ledger
    found = lease_holder(run.paths)  # first: whoever is gone by now has written into the ledger how it ended
    overview = ledger.overview()
    driver = _driver(run, overview, found)
    asked = read_waits(run.paths)
    messages = told(run.paths)
    if overview.state is RunState.HELD:
        messages.append(f"its ledger was rebuilt, and nothing moves before you say so; {run.remedy}")
    if overview.state is not RunState.SUCCEEDED:
        messages += drift(run)
    if overview.state is RunState.RUNNING and (full := _full_disk(run)):
        messages.append(full)
    if overview.state is RunState.RUNNING and (alone := _left_to_guards(run, overview, asked)):
        messages.append(alone)
    if overview.state is RunState.RUNNING and driver["alive"] is False:
        messages.append(f"nothing drives this run any more; {run.remedy}")
    tasks = {name: _task(run, overview, row, asked.stopped) for name, row in overview.tasks.items()}
    return {
        "run_id": run.id,
        "workflow": run.workflow,
        "state": overview.state.value,
        "created_at": iso(overview.created),
        "ended_at": iso(overview.ended) if overview.ended else None,
        "run_dir": run.paths.run_dir,
        "executor": run.info["executor"]["name"],
        "parameters": {key: show(value) for key, value in run.info["parameters"].items()},
        "tasks": tasks,
        "failed": _failed(run, overview),
        "queue": _queue(asked, {name for name, task in tasks.items() if task["counts"].get("submitted")}),
        "driver": driver,
        "messages": messages,
    }


def drift(run: OpenRun) -> list[str]:
    """Say what is not as it was when a run was submitted: its Python, and one of its files."""
    from reflow.rundir.source import changed_files, lost_copies  # nobody minds once a run has gone well

    python, modules = run.info["python"], run.info["modules"]
    remedy = "put it back, or submit again: what is done is reused"
    told = []
    if not _is_in_this_process(run) and not os.path.exists(python):
        told.append(f"the Python of this run is not there, and nothing of it can start: {python}; {remedy}")
    if lost := lost_copies(run.paths, modules):
        told.append(
            f"this run works with its own copy of {lost[0]}, which is gone from {run.paths.source}, or not as it was; "
            f"{remedy}"
        )
    elif edited := changed_files(run.paths, modules):
        told.append(f"{edited[0]} was edited since this run was submitted, {_told_which_code(run)}")
    return told


def _is_in_this_process(run: OpenRun) -> bool:
    return run.is_resident and run.executor.foreground


def _told_which_code(run: OpenRun) -> str:
    if _is_in_this_process(run):  # it calls what this process has loaded
        return f"and may be called as it is now, for this run alone; for what was submitted: {run.typed('retry')}"
    return "which works with its own copy of the code; to use the edited code, submit again: what is done is reused"


def _full_disk(run: OpenRun) -> str:
    """Say that a run's disk is full, or nothing: workers that wait for space, or gave up, cannot say so."""
    from reflow.rundir.segment import PATIENCE_S

    try:
        found = os.statvfs(run.paths.root)
    except OSError:
        return ""
    if found.f_bavail * found.f_frsize >= LITTLE:
        return ""
    place = run.paths.run_dir
    patience = f"a worker waits for space {PATIENCE_S / 60:.0f} minutes at most"
    return f"{place} is full: {patience}; see: df -h {quoted(place)}"


def save_picture(run: OpenRun) -> None:
    """Keep the status beside the ledger, for those who cannot open that."""
    text = json.dumps(read_status(run), indent=1)
    replace_file(os.path.join(run.paths.root, "status.json"), text.encode(), sync=False)


def read_picture(run: OpenRun) -> tuple[dict[str, Any], str] | None:
    """Return what `save_picture` kept last, and of when it is, or None where there is none."""
    path = os.path.join(run.paths.root, "status.json")
    try:
        picture: dict[str, Any] = json.loads(read_bytes(path))
        return picture, iso(int(os.stat(path).st_mtime * 1000))
    except (OSError, ValueError):
        return None


def _task(run: OpenRun, overview: Overview, row: TaskRow, stopped: Stopped) -> dict[str, Any]:
    node = run.graph.tasks[row.task]
    counts = _counts(run, overview, row, stopped)
    return {
        "state": _task_state(row, counts),
        "total": row.total,
        "counts": counts,
        "array": node.array,
        "waits_for": _waits_for(run.graph, overview, row),
        "reason": row.reason,
    }


def _counts(run: OpenRun, overview: Overview, row: TaskRow, stopped: Stopped) -> dict[str, int]:
    found = {state.value: count for state, count in overview.counts.get(row.task, {}).items() if count}
    if not found and row.state in _PLAIN and row.total is not None and row.state is not TaskState.WAITING:
        return {_PLAIN[row.state]: row.total}
    submitted = found.pop("submitted", 0)
    running = min(submitted, _begun(run, overview.submissions, row.task, stopped)) if submitted else 0
    found |= {name: n for name, n in (("running", running), ("submitted", submitted - running)) if n}
    return found


def _begun(run: OpenRun, submissions: Iterable[SubmissionRow], task: str, stopped: Stopped) -> int:
    """Count the instances at work in submissions that have not ended."""
    from reflow.rundir.at_work import count_at_work

    ours = [row.token for row in submissions if row.task == task]
    return sum(count_at_work(run.paths.submission(token), stopped.get(token)) for token in ours)


def _task_state(row: TaskRow, counts: Mapping[str, int]) -> str:
    if row.state in _PLAIN:
        return _PLAIN[row.state]
    for state in ("running", "submitted", "pending"):
        if counts.get(state):
            return "running"
    for state in ("failed", "cancelled", "skipped"):
        if counts.get(state):
            return state
    return "reused" if set(counts) == {"reused"} else "succeeded"


def _waits_for(graph: Graph, overview: Overview, row: TaskRow) -> list[str]:
    if row.state is not TaskState.WAITING:
        return []
    active = (InstanceState.PENDING, InstanceState.SUBMITTED)
    return [
        name
        for name in graph.upstream(row.task)
        if overview.tasks[name].state is TaskState.WAITING
        or any(overview.counts.get(name, {}).get(state) for state in active)
    ]


def _failed(run: OpenRun, overview: Overview) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, row in overview.tasks.items():
        if row.state is TaskState.FAILED:
            found.append({"task": name, "index": None, "attempt": None, "error": row.reason, "log": None})
        if overview.counts.get(name, {}).get(InstanceState.FAILED):
            rows = run.ledger.instances(name, {InstanceState.FAILED})
            attempts = _last_attempts(run, name, rows)
            found += [_failure(run, row, attempts.get(row.index)) for row in rows]
    return found


def _last_attempts(run: OpenRun, task: str, rows: list[InstanceRow]) -> dict[int, AttemptRow]:
    return {row.index: row for row in run.ledger.attempts(task, (), {row.index for row in rows})}


def _failure(run: OpenRun, row: InstanceRow, attempt: AttemptRow | None) -> dict[str, Any]:
    log = run.paths.task_log(row.task)
    if attempt is not None and not os.path.exists(log):
        from reflow.rundir.outcomes import (
            log_numbers,  # few failures are looked at before their logs were joined
        )

        log = run.paths.element_log(attempt.submission, *log_numbers(attempt.element, attempt.start))
    return {
        "task": row.task,
        "index": row.index,
        "attempt": row.attempt,
        "error": row.reason,
        "log": log if attempt is not None and os.path.exists(log) else None,
    }


def _queue(asked: Asked, queued: Collection[str]) -> dict[str, Any]:
    """Say why elements waited when the scheduler was asked last, of the tasks that still have some in the queue."""
    waits = {task: reasons for task, reasons in asked.waits.items() if task in queued}
    return {"as_of": iso(asked.as_of) if asked.as_of else None, "waits": waits}


def _left_to_guards(run: OpenRun, overview: Overview, asked: Asked) -> str:
    """Say what a small job waits for that is all that is left of a run in the queue, or nothing.

    What was submitted after the scheduler was asked is at work, or in the queue.
    """
    if not asked.guards:
        return ""
    from reflow.run.small_jobs import is_small

    if any(row.created > asked.as_of and not is_small(row) for row in overview.submissions):
        return ""
    kind, reasons = next(iter(asked.guards.items()))  # the watchdog, while there is one
    words = next(iter(reasons)) or "nobody said why"
    return f"only the {kind} of this run is left in the queue ({words}); {run.remedy}"


def _driver(run: OpenRun, overview: Overview, found: tuple[Holder, bool | None] | None) -> dict[str, Any]:
    """Say who advances the run; ``alive`` is None where that cannot be told or nobody needs to."""
    if found is not None:
        holder, alive = found
        if alive is None and run.is_resident and run.has_died(holder):
            alive = False
        if alive is False and not run.is_resident:  # on a scheduler whoever comes next takes its place
            alive = None
        return {"alive": alive, "holder": holder.describe()}
    needed = run.is_resident and overview.state is RunState.RUNNING
    young = time.time() * 1000 - overview.updated < 5000  # one that was just started takes the lease soon
    return {"alive": False if needed and not young else None, "holder": ""}
