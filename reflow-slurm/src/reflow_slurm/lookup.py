"""What Slurm knows of requests, by their tokens and by their native ids."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reflow.plugin import ElementReport, JobState, SchedulerError
from reflow_slurm.commands import Commands
from reflow_slurm.native import NativeId
from reflow_slurm.parse import (
    JobRow,
    elements_of,
    read_exit_codes,
    read_sacct,
    read_squeue,
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
    return {
        token: NativeId(row.job, commands.cluster, token, 0)
        for token in tokens
        for row in rows
        if row.is_of(token)
    }


def look_up(
    commands: Commands, cluster: str, natives: Sequence[NativeId]
) -> dict[NativeId, dict[int, ElementReport]]:
    """Return what is known of the elements of requests on one cluster.

    The controller is asked first; the accounting only for elements that it has forgotten, and then only about
    their end: one that the accounting alone believes to be alive is forgotten.

    Raises:
        SchedulerError: The controller gave no answer.
    """
    rows = read_squeue(commands.squeue(cluster))
    ours = {native.job for native in natives}
    if any(row.state == "FAILED" and row.job in ours for row in rows):
        rows = with_codes(rows, read_exit_codes(commands.exit_codes(cluster)))
    found = {native: elements_of(native, rows) for native in natives}
    incomplete = [native for native in natives if not _is_whole(native, found[native])]
    if incomplete:
        ended = _ended(commands, cluster, incomplete)
        found |= {native: elements_of(native, ended) | found[native] for native in incomplete}
    return found


def _is_whole(native: NativeId, reports: dict[int, ElementReport]) -> bool:
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


def is_active(reports: dict[int, ElementReport]) -> bool:
    """Whether something of a request may still be done."""
    return any(report.state.is_active or report.state is JobState.UNKNOWN for report in reports.values())
