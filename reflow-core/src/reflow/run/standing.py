"""How the jobs of a run stand with the scheduler: asked for once per pass, and kept for those who look."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from reflow.contracts.executor import ElementReport, Executor
from reflow.errors import SchedulerError
from reflow.filesystem.atomic import read_bytes, replace_file
from reflow.model.records import SubmissionRow
from reflow.model.states import JobState
from reflow.run.clock import iso, now_ms
from reflow.run.hold import Hold
from reflow.run.small_jobs import is_small
from reflow.rundir.layout import RunPaths

ASK_AGAIN_S = 30.0  #: how old the scheduler's answer may be for somebody who only looks

Reports = Mapping[str, Mapping[int, ElementReport]]  #: by native id and element


def ask(hold: Hold, executor: Executor, rows: Iterable[SubmissionRow]) -> Reports | None:
    """Return how the jobs of submissions stand, and keep why they wait; None when there was no answer."""
    known = [row for row in rows if row.native_id]
    natives = [str(row.native_id) for row in known]
    try:
        told = executor.poll(natives) if natives else {}
    except SchedulerError as error:
        hold.messages.append(f"the scheduler did not say how the jobs stand: {error}")
        return None
    waits = {row.task: _waits(told.get(str(row.native_id), {})) for row in known if not is_small(row)}
    kept = {"as_of": now_ms(), "waits": {task: reasons for task, reasons in waits.items() if reasons}}
    replace_file(_file(hold.run.paths), json.dumps(kept).encode(), sync=False)
    return told


def _waits(reports: Mapping[int, ElementReport]) -> dict[str, int]:
    """Count the elements that wait, by the reason that is told for it."""
    found: dict[str, int] = {}
    for report in reports.values():
        if report.state is JobState.PENDING and report.reason:
            found[report.reason] = found.get(report.reason, 0) + 1
    return found


def asked_lately(paths: RunPaths) -> bool:
    """Whether the last answer will do for somebody who only looks."""
    return bool(now_ms() - _kept(paths)["as_of"] < ASK_AGAIN_S * 1000)


def waiting(paths: RunPaths) -> dict[str, Any]:
    """Return why elements waited, by task, when the scheduler was asked last: ``as_of`` and ``waits``."""
    kept = _kept(paths)
    return {"as_of": iso(kept["as_of"]) if kept["as_of"] else None, "waits": kept["waits"]}


def _kept(paths: RunPaths) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(read_bytes(_file(paths)))
    except (FileNotFoundError, ValueError):
        return {"as_of": 0, "waits": {}}
    return found


def _file(paths: RunPaths) -> str:
    return os.path.join(paths.root, "queue.json")
