"""A resident worker: takes batches of instances until its executor has no more."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from reflow.errors import TaskInterrupted
from reflow.rundir.layout import SubmissionPaths
from reflow.worker.element import ElementWork, Place
from reflow.worker.interrupt import Interruption

if TYPE_CHECKING:
    from reflow.worker.load import LoadedRun
    from reflow.worker.protocol import Channel
    from reflow.worker.stdio import Log

SEAL_AGE_S = 0.25  #: age of the oldest outcome at which a segment is sealed between instances
SEAL_LINES = 1000  #: lines after which it is, so that what is done is taken in while the rest is worked on
SEAL_SHARE = 10  #: but not before it has been open for so many times as long as the last took to be sealed
LOOK_AGE_S = 0.02  #: how often a batch looks whether its executor is still there
MORE_S = 0.05  #: how long the next batch is waited for before sealing, when one was announced


class Server:
    """Works for one executor. It holds the work of one element of one submission at a time."""

    def __init__(self, run: LoadedRun, channel: Channel, log: Log, interruption: Interruption) -> None:
        self._run = run
        self._channel = channel
        self._log = log
        self._interruption = interruption
        self._place: Place | None = None
        self._work: ElementWork | None = None
        self._seqs: dict[Place, int] = {}
        self._owes = False  # a batch was reported since the last seal was
        self._sealing_s = 0.0  # how long the last seal took: tens of milliseconds on a slow disk

    def serve(self) -> None:
        """Work until the executor closes its end, or this process is asked to end."""
        more = False
        try:
            while not self._interruption.leaving:
                command = self._next(MORE_S if more else 0.0)
                if command is None:
                    self._seal()
                    command = self._next(None)
                if command is None:
                    break
                if "run" in command:
                    more = bool(command.get("more"))
                    self._batch(command)
                else:
                    self._seal()
        finally:
            self._seal()

    def _next(self, timeout_s: float | None) -> dict[str, Any] | None:
        interruption = self._interruption
        try:
            interruption.waiting = True
            if interruption.leaving:
                return None
            found = self._channel.next(timeout_s)
            interruption.waiting = False
        except TaskInterrupted:
            found = None
        finally:
            interruption.waiting = False
        return found

    def _batch(self, command: dict[str, Any]) -> None:
        place = Place(SubmissionPaths(command["run"]), command["element"], command["start"])
        if place != self._place:
            self._turn_to(place)
        self._log.switch(command["log"])
        self._log.repair()
        begin, end = command["from"], command["to"]
        began = time.monotonic()
        done = self._through(begin, end, bool(command.get("skip")), command.get("budget"))
        spent = time.monotonic() - began
        if self._work is not None:
            self._work.segment.flush()
        token = os.path.basename(place.sub.directory)
        self._owes = True
        self._channel.send({"did": [token, place.element, begin, done], "spent": spent})
        if self._is_due():  # slow instances come one by one
            self._seal()

    def _through(self, begin: int, end: int, skip: bool, budget: float | None) -> int:
        """Work through positions and return where that ended."""
        work = self._work
        assert work is not None
        channel, interruption = self._channel, self._interruption
        began = looked = time.monotonic()
        work.begin()
        for position, instance in enumerate(work.payload.lines(begin, end), begin):
            now = time.monotonic()
            if now - looked > LOOK_AGE_S:
                looked = now
                channel.look()
                if self._is_due():
                    self._seal()
            if channel.closed or interruption.leaving or (budget and now - began > budget):
                return position
            if skip and work.was_touched(instance, started_counts=True):
                continue
            if not interruption.looked:
                work.look()
            if work.has_marks and work.is_cancelled(instance):
                continue
            work.do(instance)
        return end

    def _turn_to(self, place: Place) -> None:
        self._seal()
        if self._work is not None and self._place is not None:
            self._seqs[self._place] = self._work.segment.seq
            self._work.close()
        self._work = ElementWork(self._run, place, self._interruption, self._log.position)
        self._work.segment.seq = self._seqs.get(place, 0)
        self._place = place

    def _is_due(self) -> bool:
        if self._work is None:
            return False
        segment = self._work.segment
        is_long = segment.lines >= SEAL_LINES
        return segment.is_due(min(SEAL_AGE_S, SEAL_SHARE * self._sealing_s) if is_long else SEAL_AGE_S)

    def _seal(self) -> None:
        if self._work is None or self._place is None:
            return
        lines = self._work.segment.lines
        began = time.monotonic()
        name = self._work.segment.seal()
        self._sealing_s = time.monotonic() - began
        if name is not None or self._owes:
            self._owes = False
            token = os.path.basename(self._place.sub.directory)
            names = [] if name is None else [name]
            self._channel.send({"sealed": [token, self._place.element, self._place.start, names, lines]})
