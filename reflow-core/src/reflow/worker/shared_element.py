"""One element of a batch job whose instances several workers share, each a process with a log of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from reflow.filesystem.files import moved_up, sync_directory
from reflow.filesystem.process import how_it_ended, peak_mib
from reflow.model.named_tuple import NamedTuple
from reflow.rundir.layout import RunPaths, SubmissionPaths
from reflow.rundir.outcomes import Outcome, end_line, part_name, read_segment, segment_name, shared_start
from reflow.rundir.payload import Payload
from reflow.worker.element import claim_open, is_last_out, positions_of, sealed_of
from reflow.worker.positions import INHERITED, are_left, offer
from reflow.worker.protocol import LIFE

BARREN_BUDGET = 3  #: how many workers may die before one has started an instance
_LOG = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


class Program(NamedTuple):
    """What the workers of a run are started with; ``argv`` by the number of a start."""

    argv: Callable[[int], list[str]]
    environment: dict[str, str]


class Worker(NamedTuple):
    """A process that was started: the number of its start, and the descriptor by which it knows that this one lives."""

    start: int
    life: int


class SharedElement:
    """Sees to the workers of one element; it loads no user code itself.

    Args:
        holder: The job that runs it, as its claim names it.
    """

    def __init__(
        self, run: RunPaths, sub: SubmissionPaths, element: int, holder: str, program: Program
    ) -> None:
        self._run = run
        self._sub = sub
        self._element = element
        self._program = program
        self._workers: dict[int, Worker] = {}  # those that live, by process id
        self._sealed: dict[int, int] = {}  # by start, how many segments those left that ended
        self._begun = 0
        self._barren = 0
        self._is_leaving = False
        self._claim = claim_open(sub, element, holder)

    @property
    def has_failed(self) -> bool:
        """Whether its workers died before they had started anything."""
        return self._barren >= BARREN_BUDGET

    def work(self) -> bool:
        """Have all instances worked through; return whether this was the last element out.

        It is not when it was asked to end, or when no worker got as far as an instance.
        """
        if self._claim is None:
            return False
        payload = Payload(self._sub)
        try:
            positions = offer(positions_of(payload, self._element))
            for number in (signal.SIGTERM, signal.SIGUSR2):
                signal.signal(number, self._pass_on)
            while self._wants_more(positions, payload.workers) or self._workers:
                while self._wants_more(positions, payload.workers):
                    self._begin(self._claim, positions)
                self._await_one()
            is_through = not self._is_leaving and not are_left(positions)
            return is_through and is_last_out(self._sub, self._element, payload, self._sealed)
        finally:
            payload.close()

    def _wants_more(self, positions: int, workers: int) -> bool:
        may = not self._is_leaving and not self.has_failed
        return may and len(self._workers) < workers and are_left(positions)

    def _begin(self, claim: int, positions: int) -> None:
        start = shared_start(claim, self._begun)
        self._begun += 1
        life, ours = map(moved_up, os.pipe())
        argv = self._program.argv(start)
        pid = os.posix_spawn(
            argv[0],
            argv,
            self._program.environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, self._log(start), _LOG, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                (os.POSIX_SPAWN_DUP2, positions, INHERITED),
                (os.POSIX_SPAWN_DUP2, life, LIFE),
            ],
            setsigdef=[signal.SIGTERM, signal.SIGUSR2],
        )
        os.close(life)
        self._workers[pid] = Worker(start, ours)

    def _log(self, start: int) -> str:
        return self._run.element_log(os.path.basename(self._sub.directory), self._element, start)

    def _pass_on(self, number: int, _: object) -> None:
        self._is_leaving = True
        for pid in list(self._workers):
            os.kill(pid, number)

    def _await_one(self) -> None:
        pid, status, usage = os.wait3(0)
        worker = self._workers.pop(pid)
        os.close(worker.life)
        self._sealed[worker.start] = sealed_of(self._sub, self._element, worker.start)
        if status != 0:
            reason = how_it_ended(os.waitstatus_to_exitcode(status))
            self._bury(worker.start, reason, peak_mib(usage))

    def _bury(self, start: int, reason: str, peak: int) -> None:
        """Say how the instance ended that a worker died in; one that never began any costs nobody an attempt."""
        sealed = self._sealed[start]
        part = os.path.join(self._sub.outcomes, part_name(self._element, start))
        lines = read_segment(part)[0] if os.path.exists(part) else []
        if not lines:
            self._barren += not sealed
            return
        last = lines[-1]
        with open(part, "r+b") as file:
            file.truncate(file.read().rfind(b"\n") + 1)  # a line that the kill cut off
            file.seek(0, os.SEEK_END)
            if last.kind == "s":
                now = time.time_ns() // 1_000_000
                end = Outcome("e", last.index, last.attempt, "failed", now, reason=reason, charge="crash")
                file.write(end_line(end._replace(peak_mib=peak), os.path.getsize(self._log(start))))
            file.flush()
            os.fsync(file.fileno())
        os.rename(part, os.path.join(self._sub.outcomes, segment_name(self._element, start, sealed)))
        self._sealed[start] += 1
        sync_directory(self._sub.outcomes)
