"""What stands at the end of an element's log, as far as its last start wrote it."""

from __future__ import annotations

import contextlib
import os

from reflow.rundir.elements import last_start
from reflow.rundir.layout import RunPaths, SubmissionPaths
from reflow.rundir.outcomes import part_name, read_segment, segment_name

_TAIL = 4096  #: bytes in which a scheduler says why it ended a job


def last_words(run: RunPaths, token: str, element: int) -> str:
    """Return the end of an element's log; what an earlier start of it wrote says nothing about its last one.

    Empty where these cannot be told apart: a start that came to no instance, and one whose workers have logs of
    their own, do not say where they found the log.
    """
    began = _began(run.submission(token), element)
    if began is None:
        return ""
    try:
        with open(run.element_log(token, element), "rb") as log:
            log.seek(max(began, os.fstat(log.fileno()).st_size - _TAIL))
            return log.read(_TAIL).decode("utf-8", "replace")
    except OSError:
        return ""


def _began(sub: SubmissionPaths, element: int) -> int | None:
    """Return where in the log the last start of an element began with its first instance."""
    start = last_start(sub, element)
    for name in (segment_name(element, start, 0), part_name(element, start)):
        with contextlib.suppress(FileNotFoundError):
            outcomes, _ = read_segment(os.path.join(sub.outcomes, name))
            if outcomes:
                return outcomes[0].log
    return None if start else 0
