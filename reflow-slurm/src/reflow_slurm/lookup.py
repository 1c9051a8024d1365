"""What Slurm knows of requests, by their tokens and by their native ids."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reflow.plugin import ElementReport, SchedulerError, Usage
from reflow_slurm.commands import Commands
from reflow_slurm.native import NativeId
from reflow_slurm.parse import (
    JobRow,
    elements_of,
    read_exit_codes,
    read_sacct,
    read_squeue,
    read_usage,
    with_codes,
)

LOOK_BACK = "--starttime=now-2days"  #: accounting is searched by token only so far back
_EVER = "--starttime=1970-01-02"
_AT_ONCE = 100  #: job numbers on one command line


def find_tokens(commands: Commands, tokens: Collection[str]) -> dict[str, NativeId]:
    """Return the jobs of those tokens that the controller or, behind it, the accounting knows.

    The controller's word is enough when the accounting gives no answer: what it has forgotten has ended, and
    what that began has claimed.

    Raises:
        SchedulerError: The controller gave no answer.
    """
    found = _by_token(commands, tokens, read_squeue(commands.squeue(commands.cluster)))
    missing = [token for token in tokens if token not in found]
    if missing:
        found |= _by_token(commands, missing, _accounting(commands, commands.cluster, LOOK_BACK))
    return found


def _by_token(commands: Commands, tokens: Collection[str], rows: Sequence[JobRow]) -> dict[str, NativeId]:
    found: dict[str, NativeId] = {}
    for token in tokens:
        ours = [row for row in rows if row.is_of(token)]
        if ours:
            # as many as were submitted, unless the controller has forgotten the last ones
            count = max((element + 1 for row in ours for element in row.elements), default=0)
            alive = [row for row in ours if is_active(row.reports())]
            found[token] = NativeId((alive or ours)[-1].job, commands.cluster, token, count)
    return found


Reports = dict[int, ElementReport]


def queued(commands: Commands, cluster: str, natives: Sequence[NativeId]) -> dict[NativeId, Reports]:
    """Return what the controller knows of the elements of requests on one cluster.

    Raises:
        SchedulerError: It gave no answer.
    """
    rows = read_squeue(commands.squeue(cluster))
    failed = [row for row in rows if row.state == "FAILED"]
    if any(row.is_of(native.token) for row in failed for native in natives):
        rows = with_codes(rows, read_exit_codes(commands.exit_codes(cluster)))
    return {native: elements_of(native, rows) for native in natives}


def jobs_alive(
    commands: Commands, cluster: str, natives: Sequence[NativeId]
) -> dict[NativeId, dict[str, set[int]]]:
    """Return which elements of requests may still do something, by the numbers of the jobs that hold them.

    These are several where a request was taken twice.

    Raises:
        SchedulerError: The controller gave no answer.
    """
    found: dict[NativeId, dict[str, set[int]]] = {native: {} for native in natives}
    for row in read_squeue(commands.squeue(cluster)):
        for native in natives if is_active(row.reports()) else ():
            if row.is_of(native.token):
                found[native].setdefault(row.job, set()).update(row.elements)
    return found


def look_up(commands: Commands, cluster: str, natives: Sequence[NativeId]) -> dict[NativeId, Reports]:
    """Return what is known of the elements of requests on one cluster.

    The accounting is asked only for elements that the controller has forgotten, and only about their end: one
    that the accounting alone believes to be alive is forgotten.

    Raises:
        SchedulerError: The controller gave no answer.
    """
    found = queued(commands, cluster, natives)
    incomplete = [native for native in natives if not _is_whole(native, found[native])]
    if incomplete:
        ended = _ended(commands, cluster, incomplete)
        found |= {native: elements_of(native, ended) | found[native] for native in incomplete}
    return found


def _is_whole(native: NativeId, reports: Reports) -> bool:
    return 0 < native.count <= len(reports)


def _ended(commands: Commands, cluster: str, natives: Sequence[NativeId]) -> list[JobRow]:
    """Return what the accounting knows of jobs and is over; the newest row of an element comes last."""
    rows: list[JobRow] = []
    for begin in range(0, len(natives), _AT_ONCE):
        jobs = ",".join(native.job for native in natives[begin : begin + _AT_ONCE])
        rows += _accounting(commands, cluster, _EVER, f"--jobs={jobs}")
    return [row for row in rows if not any(report.state.is_active for report in row.reports().values())]


def _accounting(commands: Commands, cluster: str, *chosen: str) -> list[JobRow]:
    """Return the accounting's rows, none where it gives no answer."""
    try:
        output = commands.sacct(cluster, *chosen)
    except SchedulerError:
        return []
    return read_sacct(output) if output is not None else []


def usage_of(commands: Commands, native: NativeId, element: int) -> Usage:
    """Return what the accounting knows of an element that has ended.

    Raises:
        SchedulerError: There is one, and it gave no answer.
    """
    (address,) = native.addresses((element,))
    output = commands.usage(native.cluster, _EVER, f"--jobs={address}")
    return read_usage(output, native.token) if output is not None else Usage()


def is_active(reports: Reports) -> bool:
    """Whether something of a request may still be done."""
    return any(report.state.is_active for report in reports.values())
