"""What is known of an attempt that failed: the exception, where it was raised, with what, and what that took."""

from __future__ import annotations

import json
import re
from typing import Any

from reflow.filesystem.project import is_project_file
from reflow.model.records import AttemptRow, InstanceRow
from reflow.run.logs import log_slices
from reflow.run.opened import OpenRun
from reflow.run.past import given
from reflow.rundir.control import Scope

FRAMES = 3  #: of the user's own code that are told, the last ones
_FRAME = r'  File "(.+)", line (\d+), in (.+)\n(?:    (.*)\n)?'  # compiled when it is first used


def failure_of(run: OpenRun, attempt: AttemptRow | None, row: InstanceRow) -> dict[str, Any]:
    """Return what is known of an instance that failed, and of its last attempt; without one it never began.

    Returns:
        ``type``, ``message``, ``frames`` (each ``file``, ``line``, ``function`` and ``code``), ``arguments``,
        ``took_s``, ``asked_s``, ``peak_mib`` (the most memory that its worker had held at once by then, this instance
        or one before it), ``asked_mem_mib``, ``host`` and ``log``; None or empty for what is not known.
    """
    error = json.loads(attempt.error) if attempt is not None and attempt.error else {}
    resources = run.graph.tasks[row.task].resources
    return {
        "type": error.get("type"),
        "message": error.get("message", row.reason),
        "frames": frames_of(str(error.get("traceback") or "")),
        "arguments": given(run, row.task, row.index, row.attempt),
        "took_s": None if attempt is None else _took_s(attempt),
        "asked_s": resources.time_s,
        "peak_mib": error.get("peak_mib"),
        "asked_mem_mib": resources.mem_mib,
        "host": None if attempt is None else attempt.host,
        "log": None if attempt is None else _log(run, attempt),
    }


def frames_of(traceback: str) -> list[dict[str, Any]]:
    """Return the last frames of the user's own code, the innermost last; of any code where there are none."""
    found = [
        {"file": file, "line": int(line), "function": function, "code": code or ""}
        for file, line, function, code in re.findall(_FRAME, traceback)
    ]
    own = [frame for frame in found if is_project_file(str(frame["file"]))]
    return (own or found[-1:])[-FRAMES:]


def _took_s(attempt: AttemptRow) -> float | None:
    if attempt.started is None or attempt.ended is None:
        return None
    return (attempt.ended - attempt.started) / 1000


def _log(run: OpenRun, attempt: AttemptRow) -> str | None:
    slices = log_slices(run, [Scope(attempt.task, (attempt.index,))])
    return next((one.path for one in slices if one.attempt.attempt == attempt.attempt), None)
