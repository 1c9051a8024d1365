"""One element of a batch job: claimed, worked through, sealed, marked as done.

Its instances are done in turn, each with a line before and a line after.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from reflow.model.named_tuple import NamedTuple
from reflow.rundir.control import CancelMarks
from reflow.rundir.elements import claim, mark_done
from reflow.rundir.outcomes import Outcome, generation, is_first, parse_name, read_segment, segment_name
from reflow.rundir.payload import Payload
from reflow.rundir.segment import Segment
from reflow.worker.execute import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reflow.rundir.layout import SubmissionPaths
    from reflow.rundir.payload import Instance
    from reflow.worker.interrupt import Interruption
    from reflow.worker.load import LoadedRun
    from reflow.worker.stdio import Log

SEAL_AGE_S = 5.0  #: age of the oldest outcome at which a segment is sealed between instances

_FINAL = ("succeeded", "failed", "cancelled")


class Place(NamedTuple):
    """Which element of which submission, and how often it had been started before."""

    sub: SubmissionPaths
    element: int
    start: int


class ElementWork:
    """Works through instances of one element and says what came of them.

    Args:
        position: Tells where the log ends.
    """

    def __init__(
        self, run: LoadedRun, place: Place, interruption: Interruption, position: Callable[[], int]
    ) -> None:
        self.payload = Payload(place.sub)
        self.segment = Segment(*place)
        self.marks = CancelMarks(run.paths, place.sub)
        self.has_marks = False
        self._paths = run.paths
        self._task = Task(run, self.payload, interruption)
        self._place = place
        self._interruption = interruption
        self._position = position
        self._process = os.getpid()
        self._known: set[int] | None = None
        self._current = -1
        self._end = 0
        interruption.is_cancelled = lambda: self.marks.covers(self._task.name, self._current)

    def begin(self) -> None:
        """Get ready for a batch of instances, whatever happened since the last one."""
        self._end = self._position()
        self.look()

    def look(self) -> None:
        """Find out whether anything of the run has been cancelled."""
        self._interruption.looked = True
        self.has_marks = self.marks.look()

    def do(self, instance: Instance) -> None:
        """Try one instance until it has an outcome."""
        interruption, index = self._interruption, instance.index
        self._current = index
        attempt, retries = instance.attempt, instance.retries
        while True:
            self.segment.started(index, attempt, time.time_ns() // 1_000_000, self._end)
            outcome = self._task.attempt(instance, attempt)
            if os.getpid() != self._process:  # user code forked, and its child came back from the function
                os._exit(0)
            again = _is_worth_trying(outcome) and retries > 0 and not interruption.leaving
            self._end = self._position()
            self.segment.ended(outcome, self._end, again=again)
            if not again:
                return
            attempt, retries = attempt + 1, retries - 1

    def is_cancelled(self, instance: Instance) -> bool:
        """Whether an instance was cancelled before it was started; if so, say it."""
        if not self.marks.covers(self._task.name, instance.index):
            return False
        now = time.time_ns() // 1_000_000
        cancelled = Outcome("e", instance.index, instance.attempt, "cancelled", now, reason="cancelled")
        self.segment.ended(cancelled, self._end)
        return True

    def was_touched(self, instance: Instance, *, started_counts: bool) -> bool:
        """Whether an earlier start of this element came to an outcome for an instance.

        Args:
            started_counts: Whether having started it is enough: somebody else decides about that one.
        """
        if self._known is None:
            self._known = set(self._touched(started_counts=started_counts))
        return instance.index in self._known

    def _touched(self, *, started_counts: bool) -> set[int]:
        found: set[int] = set()
        if is_first(self._place.start):  # those of all elements lie there, and need not be listed
            return found
        folder = self._place.sub.outcomes
        for name in os.listdir(folder):
            parsed = parse_name(name)
            if parsed is None or parsed[0] != self._place.element:
                continue
            if generation(parsed[1]) >= generation(self._place.start):
                continue
            for outcome in read_segment(os.path.join(folder, name))[0]:
                is_final = outcome.kind == "e" and outcome.state in _FINAL and not outcome.again
                if is_final or started_counts:
                    found.add(outcome.index)
        return found

    def close(self) -> None:
        """Let go of the payload."""
        self.payload.close()


def _is_worth_trying(outcome: Outcome) -> bool:
    return outcome.state == "failed" and outcome.charge in ("exception", "exit")


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
            own = {self._start: work.segment.seq}
            return not interruption.leaving and is_last_out(self._sub, self._element, work.payload, own)
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


def is_last_out(sub: SubmissionPaths, element: int, payload: Payload, own: Mapping[int, int]) -> bool:
    """Say that an element is through; return whether it was the last one.

    Args:
        own: How many segments each start of this claim sealed; those of earlier claims are looked up.
    """
    count = -(-payload.count // payload.pack)
    starts = own if own and all(map(is_first, own)) else sealed_by(sub, element)
    return mark_done(sub, element, starts, count) is not None


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


def sealed_of(sub: SubmissionPaths, element: int, start: int) -> int:
    """Return how many segments a start sealed on this machine, asked for by name: those of all elements lie there."""
    seq = 0
    while os.path.exists(os.path.join(sub.outcomes, segment_name(element, start, seq))):
        seq += 1
    return seq


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
