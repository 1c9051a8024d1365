"""One element at work: its instances in turn, each with a line before and a line after."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from reflow.model.named_tuple import NamedTuple
from reflow.rundir.control import CancelMarks, list_requests
from reflow.rundir.outcomes import Outcome, generation, parse_name, read_segment
from reflow.rundir.payload import Payload
from reflow.rundir.segment import Segment
from reflow.worker.execute import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from reflow.rundir.layout import SubmissionPaths
    from reflow.rundir.payload import Instance
    from reflow.worker.interrupt import Interruption
    from reflow.worker.load import LoadedRun

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
        self.marks = CancelMarks(run.paths)
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
        self.has_marks = any(request.kind == "cancel" for request in list_requests(self._paths))

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
        folder = self._place.sub.outcomes
        found = set()
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
