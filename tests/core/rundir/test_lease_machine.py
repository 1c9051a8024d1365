"""Takers of a lease that die, beat late, meet each other half-way or come back from the dead never write two epochs."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reflow.errors import Fenced
from reflow.filesystem import locks, process
from reflow.filesystem.locks import MISSED_S, STALE_S, Holder, IsOver
from reflow.filesystem.process import ProcessId, this_process
from reflow.model.records import Changes
from reflow.rundir.layout import RunPaths
from reflow.rundir.lease import Lease
from reflow.testing.memory import MemoryStore

pytestmark = pytest.mark.slow

PICK = st.integers(0, 9)
PLACES = 4
FIRST_PID = 1 << 30  #: no process has it
_numbers = itertools.count()


class Taker:
    """A process that advances a run: on this machine, where others see whether it lives, or on another."""

    def __init__(
        self, paths: RunPaths, store: MemoryStore, number: int, is_over: IsOver, *, is_near: bool
    ) -> None:
        here = this_process()
        self.process = ProcessId(
            here.host if is_near else f"node{number}", here.boot, FIRST_PID + number, str(number)
        )
        self.is_near = is_near
        self.lease = Lease(paths, is_over)
        mine = self.lease._lock._mine
        self.lease._lock._mine = mine._replace(process=self.process, job=str(number) if number % 2 else "")
        self.job = self.lease._lock._mine.job
        self.nonce = self.lease._lock._mine.nonce
        self.ledger = store.open_ledger(paths.root, write=True)
        self.epoch = 0

    def take(self) -> Holder | None:
        holder = self.lease.take()
        if holder is None:
            self.epoch = self.ledger.take_epoch()
        return holder


class Clock:
    """Stands for `time` in locks: what beats look at."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


class LeaseMachine(RuleBasedStateMachine):
    """Four places, each with one process after the other, that want the lease of one run."""

    def __init__(self) -> None:
        super().__init__()
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.paths = RunPaths(tempfile.mkdtemp(prefix="reflow-lease-", dir=memory))
        os.makedirs(self.paths.control)
        self.path = os.path.join(self.paths.control, "lease")
        self.store = MemoryStore("memory://lease")
        self.store.create_ledger(self.paths.root, "run", "flow", ["task"], 0)
        self.alive: set[int] = set()
        self.ended: set[str] = set()  # the jobs whose end the scheduler has told
        self.clock = Clock()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(process, "_started", self.started)
        self.patch.setattr(locks, "time", self.clock)
        self.takers = [self.born(place) for place in range(PLACES)]
        self.former: list[Taker] = []
        self.epochs: list[int] = []
        self.written: list[int] = []

    def started(self, pid: int) -> str:
        if pid < FIRST_PID:
            return "here"
        return str(pid - FIRST_PID) if pid - FIRST_PID in self.alive else ""

    def born(self, place: int) -> Taker:
        number = next(_numbers)
        self.alive.add(number)
        is_over = self.ended.__contains__
        return Taker(self.paths, self.store, number, is_over, is_near=place == PLACES - 1)

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.paths.root)

    # What they do

    @rule(which=PICK)
    def take(self, which: int) -> None:
        taker, holder = self.wanting(which), self.holder()
        is_free = holder is None or self.is_over(holder)
        told = taker.take()

        assert (told is None) is is_free
        if told is None:
            self.noted(taker)
            assert self.holder() is taker

    @rule(which=PICK, other=PICK, call=st.sampled_from(["link", "rename", "unlink"]), nth=st.integers(1, 3))
    def take_while_another_takes(self, which: int, other: int, call: str, nth: int) -> None:
        """Have one take it in the middle of another's taking, or breaking, it."""
        taker, quick = self.wanting(which), self.wanting(other)
        if taker is quick:
            return
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, call, self.interrupted(getattr(os, call), nth, quick))
            told = taker.take()
        if told is None:
            self.noted(taker)

        assert not (taker.lease.held and quick.lease.held)

    def wanting(self, which: int) -> Taker:
        """Return one that does not believe to have it."""
        if all(taker.lease.held for taker in self.takers):
            self.replace(which % PLACES)
        found = [taker for taker in self.takers if not taker.lease.held]
        return found[which % len(found)]

    def interrupted(self, real: Callable[..., None], nth: int, quick: Taker) -> Callable[..., None]:
        calls = itertools.count(1)

        def interrupted(*arguments: str) -> None:
            if next(calls) == nth and quick.take() is None:
                self.noted(quick)
            real(*arguments)

        return interrupted

    def noted(self, taker: Taker) -> None:
        self.epochs.append(taker.epoch)

    @rule(which=PICK)
    def write(self, which: int) -> None:
        """Write as a holder, be it that it only believes to be one: given up, it was slow, and goes on."""
        writers = [taker for taker in (*self.takers, *self.former) if taker.epoch and self.may_live(taker)]
        if writers:
            self.written_by(writers[which % len(writers)])

    def may_live(self, taker: Taker) -> bool:
        return not taker.is_near or taker.process.pid - FIRST_PID in self.alive

    def written_by(self, taker: Taker) -> None:
        taker.lease.beat()
        try:
            taker.ledger.apply(Changes(published=len(self.written)), taker.epoch)
        except Fenced:
            assert taker.epoch < max(self.epochs)
        else:
            self.written.append(taker.epoch)

    @rule(which=PICK)
    def release(self, which: int) -> None:
        holder, taker = self.holder(), self.takers[which % PLACES]
        taker.lease.release()
        taker.epoch = 0

        assert self.holder() is (None if holder is taker else holder)

    @rule(which=PICK)
    def die(self, which: int) -> None:
        """End, or be of another machine and seem to."""
        self.replace(which % PLACES)

    @rule(which=PICK)
    def be_said_to_be_over(self, which: int) -> None:
        """Be in a job of which the scheduler says that it has ended, which may be wrong."""
        self.ended.add(self.takers[which % PLACES].job)

    def replace(self, place: int) -> None:
        taker = self.takers[place]
        self.alive.discard(taker.process.pid - FIRST_PID)
        self.former.append(taker)
        self.takers[place] = self.born(place)

    @rule(seconds=st.sampled_from([STALE_S + 20.0, STALE_S - 20.0, MISSED_S + 10.0, 20.0]))
    def let_time_pass(self, seconds: float) -> None:
        """The beats grow old: on the file server's clock, which no process can turn."""
        self.clock.now_s += seconds
        if os.path.exists(self.path):
            then = os.stat(self.path).st_mtime - seconds
            os.utime(self.path, (then, then))

    # What must hold

    def holder(self) -> Taker | None:
        """Who has the lease, as its file says."""
        found = locks.LockFile(self.path).holder()
        if found is None:
            return None
        (taker,) = (taker for taker in (*self.takers, *self.former) if taker.nonce == found.nonce)
        return taker

    def is_over(self, holder: Taker) -> bool:
        if holder.is_near:
            return holder.process.pid - FIRST_PID not in self.alive
        still_s = time.time() - os.stat(self.path).st_mtime
        return still_s > STALE_S or (still_s > MISSED_S and holder.job in self.ended - {""})

    @invariant()
    def no_epoch_was_given_twice(self) -> None:
        assert len(set(self.epochs)) == len(self.epochs)

    @invariant()
    def nothing_old_was_written_after_something_newer(self) -> None:
        assert self.written == sorted(self.written)


TestLease = LeaseMachine.TestCase
TestLease.settings = settings(max_examples=200, stateful_step_count=50)
