"""What is known of an attempt that failed: the exception, where it was raised, with what, and what that took."""

from __future__ import annotations

import json
import os
from typing import Any

from reflow.contracts.executor import Usage
from reflow.errors import ReflowError
from reflow.model.records import AttemptRow, InstanceRow
from reflow.run.logs import log_slices
from reflow.run.opened import OpenRun
from reflow.run.past import given
from reflow.rundir.control import Scope


def failure_of(run: OpenRun, attempt: AttemptRow | None, row: InstanceRow) -> dict[str, Any]:
    """Return what is known of an instance that failed, and of its last attempt; without one it never began.

    Returns:
        ``type``, ``message``, ``frames`` (see `reflow.worker.frames.last_frames`), ``arguments`` of the task,
        ``took_s``, ``asked_s``, ``peak_mib`` (the most memory that its worker had held at once by then, this instance
        or one before it), ``asked_mem_mib``, ``host`` and ``log``; None or empty for what is not known.
    """
    error = json.loads(attempt.error) if attempt is not None and attempt.error else {}
    usage = _usage(run, attempt)
    resources = run.graph.tasks[row.task].resources
    return {
        "type": error.get("type"),
        "message": error.get("message", row.reason),
        "frames": error.get("frames", []),
        "arguments": given(run, row.task, row.index, row.attempt),
        "took_s": None if attempt is None else _took_s(attempt, usage),
        "asked_s": resources.time_s,
        "peak_mib": error.get("peak_mib") or usage.peak_mib or None,
        "asked_mem_mib": resources.mem_mib,
        "host": None if attempt is None else attempt.host,
        "log": _log_of_unbegun(run, row) if attempt is None else _log(run, attempt),
    }


def _usage(run: OpenRun, attempt: AttemptRow | None) -> Usage:
    """Return what the executor's accounting knows of an element that could not tell of its end itself."""
    if attempt is None or attempt.ended is not None:
        return Usage()
    native_ids = [row.native_id for row in run.ledger.submissions([attempt.submission]) if row.native_id]
    if not native_ids:
        return Usage()
    try:
        return run.executor.usage(native_ids[0], attempt.element)
    except ReflowError:  # the scheduler is away, or its plugin: the rest is told without it
        return Usage()


def _took_s(attempt: AttemptRow, usage: Usage) -> float | None:
    ended = attempt.ended or usage.ended
    if attempt.started is None or ended is None:
        return None
    return max(ended - attempt.started, 0) / 1000


def _log(run: OpenRun, attempt: AttemptRow) -> str | None:
    slices = log_slices(run, [Scope(attempt.task, frozenset((attempt.index,)))])
    return next((one.path for one in slices if one.attempt.attempt == attempt.attempt), None)


def _log_of_unbegun(run: OpenRun, row: InstanceRow) -> str | None:
    """Return where a job wrote that ended before it came to an instance; None for what had none."""
    path = run.paths.task_log(row.task)
    found = run.ledger.submissions([row.submission]) if row.submission else []
    has_written = any(json.loads(one.logs or "{}") for one in found)
    return path if has_written and os.path.exists(path) else None
