"""What is left of a submission once it has ended: one file of outcomes, and its part of the task's log.

All of it is repeatable: until the ledger has the row that this returns, doing it again gives the same files.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Sequence

from reflow.filesystem.files import copy_into, read_bytes, replace_file
from reflow.model.records import AttemptRow, InstanceRow, SubmissionRow
from reflow.model.states import InstanceState
from reflow.run.clock import now_ms
from reflow.run.handover import of_submission, remove_folders
from reflow.run.hold import Hold
from reflow.rundir.joined import joined_lines
from reflow.rundir.layout import RunPaths

_LOG = r"([0-9a-f]{20})\.(\d+)(?:\.(\d+))?\.log"  # compiled when it is first used


def close_submission(
    hold: Hold,
    submission: SubmissionRow,
    closed: Sequence[SubmissionRow] = (),
    rows: Iterable[InstanceRow] = (),
) -> SubmissionRow:
    """Join the outcomes and logs of a submission that has ended, and return its row for the ledger.

    Args:
        closed: Others that were joined before it, and that the ledger does not know of yet.
        rows: Instances that failed with it, of which the ledger does not know yet either.
    """
    paths = hold.run.paths.submission(submission.token)
    logs = _join_logs(hold, submission, closed)
    ended = now_ms()
    if os.path.isdir(paths.outcomes):
        names = sorted(os.listdir(paths.outcomes), key=_segment_order)
        segments = ((name, read_bytes(os.path.join(paths.outcomes, name))) for name in names)
        left = {row.index: row for row in _unsuccessful(hold, submission)}
        left |= {row.index: row for row in rows if row.submission == submission.token}
        deaths = _deaths(hold, submission)
        replace_file(paths.joined, joined_lines(segments, left.values(), deaths, ended, logs))
    return submission._replace(state="ended", ended=ended, logs=json.dumps(logs))


def _unsuccessful(hold: Hold, submission: SubmissionRow) -> list[InstanceRow]:
    """Return the instances of a submission that came to nothing, which is not told by outcomes alone."""
    states = (InstanceState.FAILED, InstanceState.CANCELLED)
    return [row for state in states for row in of_submission(hold.ledger, submission, state)]


def _deaths(hold: Hold, submission: SubmissionRow) -> list[AttemptRow]:
    """Return the attempts of a submission of which its workers could not tell how they ended."""
    states = {InstanceState.FAILED, InstanceState.CANCELLED}
    attempts = hold.ledger.attempts(submission.task, states)
    return [row for row in attempts if row.submission == submission.token and row.error is None]


def clear(hold: Hold, submission: SubmissionRow) -> None:
    """Remove what is in the joined files, once the ledger has the submission's row."""
    remove_folders(hold.run.paths.submission(submission.token))
    for name in json.loads(submission.logs or "{}"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(hold.run.paths.element_log(submission.token, *map(int, name.split("."))))


def _segment_order(name: str) -> tuple[int, int, int]:
    element, start, rest = name.split(".")[:3]
    return int(element), int(start), int(rest) if rest.isdigit() else 1 << 30


def _join_logs(
    hold: Hold, submission: SubmissionRow, closed: Sequence[SubmissionRow]
) -> dict[str, list[int]]:
    """Append the elements' logs to the task's, behind what ended submissions have there.

    Returns:
        Where each log begins in the task's, and how long it is.
    """
    run: RunPaths = hold.run.paths
    logs = _element_logs(run, submission.token)
    if not logs:
        return {}
    end = _joined_length([*hold.ledger.submissions(), *closed], submission.task)
    places = {}
    with open(run.task_log(submission.task), "ab", opener=_private) as joined:
        joined.truncate(end)
        joined.seek(end)
        for numbers in logs:
            with open(run.element_log(submission.token, *numbers), "rb") as log:
                copy_into(joined, log)
            joined.flush()
            places[".".join(map(str, numbers))] = [end, joined.tell() - end]
            end = joined.tell()
    return places


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _element_logs(run: RunPaths, token: str) -> list[tuple[int, ...]]:
    """Return the logs of a submission, each by its element and, where several share that, its worker."""
    if not os.path.isdir(run.logs):
        return []
    found = (re.fullmatch(_LOG, name) for name in os.listdir(run.logs))
    ours = [match.groups()[1:] for match in found if match and match[1] == token]
    return sorted(tuple(int(number) for number in numbers if number) for numbers in ours)


def _joined_length(submissions: Sequence[SubmissionRow], task: str) -> int:
    ended = (row for row in submissions if row.task == task and row.logs)
    places = (place for row in ended for place in json.loads(row.logs or "{}").values())
    return max((start + length for start, length in places), default=0)
