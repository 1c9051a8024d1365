"""The executor of this process: one instance at a time, where breakpoints work and prints are seen."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from reflow.contracts.executor import ElementReport, Event, JobRequest, ResidentExecutor
from reflow.errors import ReflowError
from reflow.model.states import JobState
from reflow.rundir.layout import SubmissionPaths
from reflow.worker.element import ElementWork, Place
from reflow.worker.interrupt import Interruption

if TYPE_CHECKING:
    from reflow.rundir.payload import Instance
    from reflow.worker.load import LoadedRun

SEAL_AGE_S = 0.25  #: age of the oldest outcome at which a segment is sealed between instances


class InlineExecutor(ResidentExecutor):
    """Calls the functions while it is pumped. A request is one element; requests run in the order they came."""

    name = "inline"
    foreground = True

    def __init__(self, options: Mapping[str, object] | None = None) -> None:
        super().__init__(options)
        self._queue: deque[_Turn] = deque()
        self._known: dict[str, _Turn] = {}
        self._events: list[Event] = []
        self._run: LoadedRun | None = None

    @property
    def slots(self) -> int:
        """One: there is but this process."""
        return 1

    def warm_up(self, serve_argv: Sequence[str], cwd: str, log: str, workers: int) -> None:
        """There is nothing to start."""

    def submit(self, request: JobRequest) -> str:
        """Queue a request behind those that are here."""
        turn = _Turn(request)
        self._queue.append(turn)
        self._known[turn.native_id] = turn
        return turn.native_id

    def find(self, tokens: Collection[str]) -> dict[str, str]:
        """Return the ids of those requests that this process has."""
        return {t.request.token: native for native, t in self._known.items() if t.request.token in tokens}

    def poll(self, native_ids: Collection[str]) -> dict[str, dict[int, ElementReport]]:
        """Return how requests stand; other processes' are forgotten."""
        known = {native: self._known[native] for native in native_ids if native in self._known}
        return {native: {0: ElementReport(turn.state)} for native, turn in known.items()}

    def cancel(self, native_ids: Collection[str]) -> None:
        """Start nothing more of these requests."""
        for native in native_ids:
            if (turn := self._known.get(native)) is not None and turn.state.is_active:
                turn.is_cancelled = True

    def cancel_positions(self, token: str, positions: Collection[int]) -> None:
        """Start these no more."""
        for turn in self._queue:
            if turn.request.token == token:
                turn.left_out |= set(positions)

    def restart(self, token: str, element: int) -> None:
        """Try again to get a request ready, which is all that can fail here."""
        for turn in self._queue:
            if turn.request.token == token:
                turn.is_dead = False

    def abandon(self, token: str, element: int) -> None:
        """Give up a request that could not be got ready."""
        for turn in [turn for turn in self._queue if turn.request.token == token]:
            turn.is_dead = False
            self._finish(turn)

    def pump(self, timeout_s: float) -> list[Event]:
        """Work for so long, at least one instance, and return what happened."""
        ends = time.monotonic() + timeout_s
        while not self._events and (turn := next((t for t in self._queue if not t.is_dead), None)):
            self._work_on(turn)
            if time.monotonic() >= ends:
                break
        events, self._events = self._events, []
        return events

    def _work_on(self, turn: _Turn) -> None:
        try:
            turn.open(self._loaded)
        except Exception as error:
            from reflow.worker.raised import describe

            turn.is_dead = True
            reason = str(error) if isinstance(error, ReflowError) else describe(error)[0]
            self._events.append(Event("died", turn.request.token, 0, 0, (), reason))
            return
        if not turn.step():
            self._finish(turn)
        elif turn.is_due:
            self._seal(turn)

    def close(self) -> None:
        """Seal what is open; a request that has not ended stays as it is."""
        for turn in self._queue:
            self._seal(turn)
            turn.close()
        self._queue.clear()

    def _loaded(self, request: JobRequest) -> LoadedRun:
        if self._run is None:
            from reflow.worker.load import load_run_here

            self._run = load_run_here(os.path.dirname(os.path.dirname(request.directory)))
        return self._run

    def _seal(self, turn: _Turn) -> None:
        if (name := turn.seal()) is not None:
            self._events.append(Event("sealed", turn.request.token, 0, 0, (name,)))

    def _finish(self, turn: _Turn) -> None:
        self._queue.remove(turn)
        self._seal(turn)
        turn.has_ended = True
        turn.close()
        self._events.append(Event("ended", turn.request.token, -1, 0))


class _Turn:
    """A request on its way through this process."""

    def __init__(self, request: JobRequest) -> None:
        self.request = request
        self.native_id = f"inline:{os.getpid()}:{request.token}"
        self.left_out: set[int] = set()
        self.is_cancelled = False
        self.is_dead = False
        self.has_ended = False
        self._work: ElementWork | None = None
        self._instances: Iterator[tuple[int, Instance]] = iter(())
        self._interruption = Interruption(keyboard_ends=True)

    @property
    def state(self) -> JobState:
        """How it stands."""
        if self.has_ended:
            return JobState.CANCELLED if self.is_cancelled else JobState.COMPLETED
        return JobState.PENDING if self._work is None else JobState.RUNNING

    @property
    def is_due(self) -> bool:
        """Whether what was done is to be sealed."""
        return self._work is not None and self._work.segment.is_due(SEAL_AGE_S)

    def open(self, load: Callable[[JobRequest], LoadedRun]) -> None:
        """Get ready for the first instance, unless that was done."""
        if self._work is None:
            place = Place(SubmissionPaths(self.request.directory), 0, 0)
            self._work = ElementWork(load(self.request), place, self._interruption, lambda: 0)
            self._instances = enumerate(self._work.payload.lines(0, self.request.instances))

    def step(self) -> bool:
        """Work on one instance; return False when there is none."""
        work, found = self._work, next(self._instances, None)
        if work is None or found is None or self.is_cancelled:
            return False
        position, instance = found
        if position in self.left_out:
            return True
        work.begin()
        if not (work.has_marks and work.is_cancelled(instance)):
            self._do(work, instance)
        if self._interruption.leaving:
            self.seal()
            raise KeyboardInterrupt
        return True

    def _do(self, work: ElementWork, instance: Instance) -> None:
        """Work on an instance, and leave this process in the directory that it is in."""
        directory, umask = os.getcwd(), os.umask(0o077)
        try:
            work.do(instance)
        finally:
            os.chdir(directory)
            os.umask(umask)

    def seal(self) -> str | None:
        """Seal what was done and return the segment's name, if there is one."""
        return None if self._work is None else self._work.segment.seal()

    def close(self) -> None:
        """Let go of the files."""
        if self._work is not None:
            self._work.close()
            self._work = None
