"""Going on with a run whose driver is gone: what its workers left is taken in, the rest is handed over again."""

from __future__ import annotations

import contextlib
import json
import os
import signal

from reflow.filesystem.atomic import read_bytes
from reflow.filesystem.process import ProcessId
from reflow.model.records import SubmissionRow
from reflow.run.hold import Hold
from reflow.run.ingest import Batch
from reflow.rundir.layout import SubmissionPaths
from reflow.rundir.outcomes import read_segment


def workers(paths: SubmissionPaths) -> list[ProcessId]:
    """Return the processes that claimed elements of a submission on a machine without a scheduler."""
    found = []
    for name in os.listdir(paths.claims) if os.path.isdir(paths.claims) else ():
        with contextlib.suppress(ValueError, TypeError, FileNotFoundError):
            found.append(ProcessId(*json.loads(read_bytes(os.path.join(paths.claims, name)))))
    return found


def end_orphans(paths: SubmissionPaths) -> None:
    """End workers that outlived their driver; what they have written stays."""
    for process in workers(paths):
        if process.is_gone() is False:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            while process.is_gone() is False:
                os.sched_yield()


def left_behind(hold: Hold, submission: SubmissionRow) -> list[Batch]:
    """Return all that the dead workers of a submission wrote and the ledger has not taken in."""
    paths = hold.run.paths.submission(submission.token)
    if not os.path.isdir(paths.outcomes):
        return []
    taken = hold.ledger.segments(submission.token)
    names = sorted(name for name in os.listdir(paths.outcomes) if name not in taken)
    return [batch for name in names if (batch := read_batch(hold, submission.token, name, "")) is not None]


def read_batch(hold: Hold, token: str, name: str, death: str | None = None) -> Batch | None:
    """Read one segment by its name; one that is damaged counts as far as it is whole, and is reported."""
    element, start = name.split(".")[:2]
    path = os.path.join(hold.run.paths.submission(token).outcomes, name)
    try:
        outcomes, damaged = read_segment(path)
    except FileNotFoundError:
        return None
    if damaged and death is None:
        hold.messages.append(f"{path} is damaged; what is whole in it was taken in")
    is_part = name.endswith(".part")
    return Batch(token, int(element), int(start), name, outcomes, death if is_part else None)
