"""reflow's own small jobs on a scheduler: a watchdog behind the arrays of a task, and one safety net per run.

They are submissions like others, so that each is submitted exactly once; their ``task`` says what they are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reflow.contracts.executor import JobRequest
from reflow.filesystem.files import make_directory, read_bytes, replace_file, sync_directory
from reflow.model.records import SubmissionRow
from reflow.model.resources import Resources, parse_mem, parse_time
from reflow.run.clock import now_ms
from reflow.run.job_request import Frame
from reflow.run.opened import OpenRun
from reflow.rundir.boot import boot_argv
from reflow.rundir.layout import RunPaths

WATCHDOG = "@watchdog:"  #: the tokens of the submissions that it watches follow
NET = "@safety-net"

_TIME_S, _MEM_MIB = 600, 512  #: what a small job asks for where the configuration says nothing
_EARLIEST_S, _LATEST_S = 3600, 86400


def is_small(row: SubmissionRow) -> bool:
    """Whether a submission is one of reflow's own jobs, not of a task."""
    return row.task.startswith("@")


def is_dismissed(row: SubmissionRow) -> bool:
    """Whether a small job was told to end: nobody counts on it any more, whether that was heard or not."""
    return row.ended is not None


def is_of_small_job(paths: RunPaths, token: str) -> bool:
    """Whether a token is that of a small job, by its own request: the ledger may be out of reach."""
    try:
        task = json.loads(read_bytes(paths.submission(token).request))["task"]
    except FileNotFoundError:  # its submission has ended, and was cleared away
        return False
    return str(task).startswith("@")


def watchdog_of(submissions: Iterable[SubmissionRow]) -> str:
    """Return what the watchdog of some submissions is called as a task."""
    return WATCHDOG + "+".join(sorted(row.token for row in submissions))


def watched(row: SubmissionRow) -> frozenset[str]:
    """Return the tokens of the submissions that a watchdog watches; none for the safety net."""
    return (
        frozenset(row.task.removeprefix(WATCHDOG).split("+"))
        if row.task.startswith(WATCHDOG)
        else frozenset()
    )


def has_small_jobs(dispatch: Mapping[str, Any]) -> bool:
    """Whether a run may have small jobs; where the mode is ``poke`` only commands advance it."""
    return str(dispatch.get("mode", "inline")) != "poke"


def dispatch_of(run: OpenRun) -> Mapping[str, Any]:
    """Return what is configured for the small jobs of a run."""
    found: Mapping[str, Any] = run.info["executor"]["options"].get("dispatch", {})
    return found


def small_submission(run: OpenRun, task: str, number: int) -> SubmissionRow:
    """Return a new submission of a small job, with its directory made; the ledger does not know it yet."""
    row = SubmissionRow(os.urandom(10).hex(), number, task, 1, 0, 1, "intent", now_ms())
    paths = run.paths.submission(row.token)
    make_directory(paths.directory)
    asked = {"token": row.token, "task": task, "number": number, "created": row.created, "count": 1}
    replace_file(paths.request, json.dumps(asked).encode())
    sync_directory(run.paths.jobs)
    return row


def partition_of(dispatch: Mapping[str, Any], defaults: Mapping[str, Any]) -> str | None:
    """Return where small jobs run; None where requests go that name no partition."""
    found: str | None = dispatch.get("partition", defaults.get("partition"))
    return found


def small_request(
    frame: Frame,
    dispatch: Mapping[str, Any],
    row: SubmissionRow,
    predecessors: Sequence[str],
    begin_s: int,
    longest_s: int | None = None,
) -> JobRequest:
    """Return what the executor is asked for.

    Args:
        dispatch: What is configured for small jobs.
        longest_s: How much time their partition gives a job; None where that is not known or has no limit.
    """
    kind = "watchdog" if watched(row) else "net"
    paths = RunPaths(frame.root)
    return JobRequest(
        name=f"{frame.workflow}.{kind}.{row.token[:10]}",
        argv=boot_argv(frame.python, frame.root, "advance", row.token),
        serve_argv=(),
        count=1,
        instances=0,
        resources=_resources(dispatch, frame.defaults, longest_s),
        log_dir=paths.logs,
        token=row.token,
        directory=f"{paths.jobs}/{row.token}",
        cwd=frame.cwd,
        predecessors=predecessors,
        begin_s=begin_s,
    )


def net_begins_s(limits_s: Iterable[int | None], nets_before: int) -> int:
    """Return in how many seconds the next safety net looks: the longest limit, an hour at least, doubling to a day."""
    longest = max((limit for limit in limits_s if limit), default=0)
    return min(_LATEST_S, max(longest, _EARLIEST_S) << min(nets_before, 10))


def watchdog_begins_s(looks_before: int) -> int:
    """Return in how many seconds a watchdog looks: at once, then after a minute, doubling to a day."""
    return min(_LATEST_S, 60 << min(looks_before - 1, 11)) if looks_before else 0


def _resources(dispatch: Mapping[str, Any], defaults: Mapping[str, Any], longest_s: int | None) -> Resources:
    time_s = parse_time(dispatch["time"]) if "time" in dispatch else _TIME_S
    return Resources(
        mem_mib=parse_mem(dispatch["mem"]) if "mem" in dispatch else _MEM_MIB,
        time_s=time_s if longest_s is None else min(time_s, longest_s),
        partition=partition_of(dispatch, defaults),
        account=dispatch.get("account", defaults.get("account")),
        qos=defaults.get("qos"),
    )
