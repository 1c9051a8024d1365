"""What stands at the end of an element's log, as far as its last start wrote it."""

from __future__ import annotations

import contextlib
import os

from reflow.model.named_tuple import NamedTuple
from reflow.rundir.elements import last_start
from reflow.rundir.layout import RunPaths, SubmissionPaths
from reflow.rundir.outcomes import part_name, read_segment, segment_name

_TAIL = 4096  #: bytes in which a scheduler says why it ended a job
_MOST = 500  #: characters of what is repeated from it
_REFLOWS = "reflow: "  #: what its own words begin with


class LastWords(NamedTuple):
    """The end of an element's log, as far as its last start wrote it.

    Attributes:
        is_begun: Whether that came to an instance: then these may be the task's own words.
    """

    text: str
    is_begun: bool

    @property
    def complaint(self) -> str:
        """Why the process of a start that came to no instance ended, in one line: as reflow says it, else Python."""
        if self.is_begun:
            return ""
        lines = [line for line in map(_printable, self.text.splitlines()) if line]
        own = [number for number, line in enumerate(lines) if line.startswith(_REFLOWS)]
        return "; ".join(lines[own[-1] if own else -1 :]).removeprefix(_REFLOWS)[:_MOST]


def last_words(run: RunPaths, token: str, element: int) -> LastWords:
    """Return the end of an element's log; what an earlier start of it wrote says nothing about its last one.

    Empty where these cannot be told apart: a start that came to no instance, and one whose workers have logs of
    their own, do not say where they found the log.
    """
    began, is_begun = _began(run.submission(token), element)
    if began is None:
        return LastWords("", is_begun)
    try:
        with open(run.element_log(token, element), "rb") as log:
            log.seek(max(began, os.fstat(log.fileno()).st_size - _TAIL))
            return LastWords(log.read(_TAIL).decode("utf-8", "replace"), is_begun)
    except OSError:
        return LastWords("", is_begun)


def _began(sub: SubmissionPaths, element: int) -> tuple[int | None, bool]:
    """Return where in the log the last start of an element began, and whether it came to an instance."""
    start = last_start(sub, element)
    for name in (segment_name(element, start, 0), part_name(element, start)):
        with contextlib.suppress(FileNotFoundError):
            outcomes, _ = read_segment(os.path.join(sub.outcomes, name))
            if outcomes:
                return outcomes[0].log, True
    return None if start else 0, False


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in line).strip()
