"""One element of a batch job: claimed, worked through, sealed, marked as done."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from reflow.rundir.claims import claim
from reflow.rundir.completion import mark_done
from reflow.rundir.outcomes import parse_name
from reflow.worker.element_work import ElementWork, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reflow.rundir.layout import SubmissionPaths
    from reflow.rundir.payload import Instance, Payload
    from reflow.worker.interrupt import Interruption
    from reflow.worker.load import LoadedRun
    from reflow.worker.stdio import Log

SEAL_AGE_S = 5.0  #: age of the oldest outcome at which a segment is sealed between instances


class Element:
    """Works through the instances of one element.

    Args:
        holder: The job that runs it, as its claim names it.
    """

    def __init__(self, run: LoadedRun, sub: SubmissionPaths, element: int, holder: str) -> None:
        self._run = run
        self._sub = sub
        self._element = element
        self._start = claim_open(sub, element, holder)

    @property
    def is_another_s(self) -> bool:
        """Whether another job had claimed it, or was through with it: there is nothing to do, and nothing to say."""
        return self._start is None

    def work(self, interruption: Interruption, log: Log) -> bool:
        """Work through its instances; return whether it was the last element out.

        It is not when it was asked to end: what it did not start is handed back by that.
        """
        assert self._start is not None
        place = Place(self._sub, self._element, self._start)
        log.switch(self._run.paths.element_log(os.path.basename(self._sub.directory), self._element))
        work = ElementWork(self._run, place, interruption, log.position)
        try:
            positions = positions_of(work.payload, self._element)
            work_through(work, work.payload.lines(positions.start, positions.stop), interruption)
            work.segment.seal()
            return not interruption.leaving and is_last_out(self._sub, self._element, work.payload)
        finally:
            work.close()


def claim_open(sub: SubmissionPaths, element: int, holder: str) -> int | None:
    """Claim an element as `claim` does; of a submission that has ended nothing is left to claim."""
    is_open = os.path.basename(sub.outcomes) in os.listdir(sub.directory)
    return claim(sub, element, holder) if is_open else None


def positions_of(payload: Payload, element: int) -> range:
    """Return the positions in the submission of the instances that an element works through."""
    begin = element * payload.pack
    return range(begin, min(begin + payload.pack, payload.count))


def is_last_out(sub: SubmissionPaths, element: int, payload: Payload) -> bool:
    """Say that an element is through; return whether it was the last one."""
    count = -(-payload.count // payload.pack)
    return mark_done(sub, element, sealed_by(sub, element), count) is not None


def work_through(work: ElementWork, instances: Iterable[Instance], interruption: Interruption) -> None:
    """Work through instances in turn, until there are no more or this process is to leave."""
    for instance in instances:
        if interruption.leaving:
            return
        work.begin()
        if work.was_touched(instance, started_counts=False):
            continue
        if work.has_marks and work.is_cancelled(instance):
            continue
        work.do(instance)
        if work.segment.is_due(SEAL_AGE_S):
            work.segment.seal()


def sealed_by(sub: SubmissionPaths, element: int) -> dict[int, int]:
    """Return how many segments each start of an element sealed."""
    counts: dict[int, int] = {}
    for name in os.listdir(sub.outcomes):
        parsed = parse_name(name)
        if parsed is not None and parsed[0] == element and parsed[2] is not None:
            counts[parsed[1]] = counts.get(parsed[1], 0) + 1
    return counts


def job_name() -> str:
    """Return the batch job that this process runs in, as a claim names it; else something of its own."""
    job = os.environ.get("SLURM_JOB_ID")
    return f"slurm:{job}" if job else f"process:{os.uname().nodename}:{os.getpid()}:{time.time_ns()}"
