"""What the jobs of a `Cluster` do for a run: elements at work with a worker's own parts, and small jobs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from reflow.rundir.elements import mark_done
from reflow.rundir.layout import RunPaths
from reflow.rundir.outcomes import Outcome
from reflow.rundir.payload import Instance
from reflow.testing.cluster import Element, Life, Terminated
from reflow.worker.element import Element as Claimed
from reflow.worker.element import ElementWork, Place, sealed_by
from reflow.worker.execute import Task
from reflow.worker.interrupt import Interruption
from reflow.worker.load import LoadedRun

Advance = Callable[[str], Life]  #: takes a run on for the job of a submission, named by its token


class Jobs:
    """Launches the jobs of one run.

    Args:
        advance: What the last element out and the small jobs do.
        works_s: How long an instance takes.
    """

    def __init__(self, run: LoadedRun, advance: Advance, works_s: float = 10.0) -> None:
        self._run = run
        self._advance = advance
        self._works_s = works_s
        dispatch = run.info["executor"]["options"].get("dispatch", {})
        self._goes_on = dispatch.get("mode", "inline") == "inline"

    def launch(self, element: Element) -> Life:
        """Return the life of an element that starts."""
        command = element.request.argv[3]
        return self._element(element) if command == "element" else self._small(element)

    def _small(self, element: Element) -> Life:
        yield 0.1
        yield from self._advance(element.request.token)

    def _element(self, element: Element) -> Life:
        """Work as `reflow.worker.element` does; whatever can happen to it happens where this yields."""
        sub = RunPaths(self._run.paths.root).submission(element.request.token)
        claimed = Claimed(self._run, sub, element.number, element.job)
        if claimed.is_another_s:
            return
        start = int(claimed._start or 0)
        interruption = Interruption()
        work = ElementWork(self._run, Place(sub, element.number, start), interruption, lambda: 0)
        try:
            yield 0.1
            task = Task(self._run, work.payload, interruption)
            pack, count = work.payload.pack, work.payload.count
            for instance in work.payload.lines(
                element.number * pack, min((element.number + 1) * pack, count)
            ):
                work.begin()
                if work.was_touched(instance, started_counts=False):
                    continue
                if not (work.has_marks and work.is_cancelled(instance)):
                    yield from self._instance(work, task, instance)
            work.segment.seal()
            yield 0.1
            last = (
                mark_done(sub, element.number, sealed_by(sub, element.number), -(-count // pack)) is not None
            )
            yield 0.1
        except Terminated:
            work.segment.seal()
            raise
        finally:
            work.close()
            if work.segment._descriptor >= 0:  # a process that is killed closes its files
                os.close(work.segment._descriptor)
        if last and self._goes_on:
            yield from self._advance(element.request.token)

    def _instance(self, work: ElementWork, task: Task, instance: Instance) -> Life:
        attempt, retries = instance.attempt, instance.retries
        while True:
            work.segment.started(instance.index, attempt, _now_ms(), 0)
            try:
                yield self._works_s
            except Terminated:
                told = "it was asked to end"
                end = Outcome("e", instance.index, attempt, "interrupted", _now_ms(), reason=told)
                work.segment.ended(end, 0)
                raise
            outcome = task.attempt(instance, attempt)
            again = outcome.charge in ("exception", "exit") and retries > 0
            work.segment.ended(outcome, 0, again=again)
            yield 0.1
            work.segment.flush()
            yield 0.1
            if not again:
                return
            attempt, retries = attempt + 1, retries - 1


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
