"""Driving a run from one process until it is over: what resident executors need."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from reflow.contracts.executor import Event, ResidentExecutor
from reflow.errors import OutOfReach, RunDirError, UsageError
from reflow.filesystem.locks import Holder
from reflow.model.states import InstanceState, RunState
from reflow.run.clock import monotonic_s, sleep
from reflow.run.coordinator import Coordinator
from reflow.run.hold import Hold, held
from reflow.run.interrupt import Interrupts
from reflow.run.opened import OpenRun
from reflow.run.status import read_status, save_picture
from reflow.run.sweep import sweep
from reflow.rundir.control import Scope, list_requests, take_notes, write_request
from reflow.rundir.lease import is_free
from reflow.rundir.messages import tell
from reflow.rundir.runfile import check_own, gone_run, is_there

# What reads outcomes is imported once there are any: a run may reuse everything.
if TYPE_CHECKING:
    from reflow.run.ingest import Batch
    from reflow.run.verdict import Verdict

GATHER_S = 0.25  #: how long outcomes are gathered before a pass takes them in
LINGER_S = 0.02  #: how long the other workers are waited for when one has sealed its outcomes
PLENTY = 2000  #: lines of outcomes that a pass takes in at once: workers go on meanwhile
TAKE_OVER_S = 3.0  #: how long a new driver waits for somebody who only looked at the run
BARREN_BUDGET = 3  #: how often a worker may die before it has started an instance

_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ESTALE})

Look = Callable[[dict[str, Any]], None]

_started: list[
    Any
] = []  # drivers that this process started: held until they end, so that none stays a zombie


def drive(run: OpenRun, look: Look | None = None) -> RunState:
    """Advance a run in this process until it is over, and return how it ended.

    Args:
        look: Is shown the run's status a few times a second.

    Raises:
        UsageError: Another process drives it.
        RunDirError: The disk of the run is full or failing.
        KeyboardInterrupt: It was interrupted: a cancel is in the run's directory, and was carried out unless it
            was interrupted again.
    """
    try:
        with Interrupts(run.paths if is_free(run.paths, run.is_over) else None) as interrupts:
            try:
                return _drive_in_turn(run, look, interrupts)
            except KeyboardInterrupt:
                if interrupts.paths is not None and interrupts.count < 2:
                    _call_off(run, look)
                raise
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        raise RunDirError(
            f"{error.filename or run.paths.root}: {error.strerror}\nonce that is put right, {run.remedy}"
        ) from error


def _call_off(run: OpenRun, look: Look | None) -> None:
    """End as a cancel does, wherever the interrupt came: what workers wrote counts, the rest is cancelled."""
    from reflow.run.called_off import is_called_off  # few are interrupted, and all have to load this module
    from reflow.run.settle import settle

    if run.ledger.overview().state.is_over:
        return
    if not is_called_off(run):  # no handler of ours was in place, or it could not write
        write_request(run.paths, "cancel", (Scope(),))
    settle(run)
    if look:
        look(read_status(run))


def _drive_in_turn(run: OpenRun, look: Look | None, interrupts: Interrupts) -> RunState:
    deadline = time.monotonic() + TAKE_OVER_S
    while True:
        with held(run) as hold:
            if not isinstance(hold, Holder):
                interrupts.aim(run.paths)
                state = _Driver(run, hold).drive(look, interrupts)
        if isinstance(hold, Holder):
            interrupts.aim(None)  # what somebody else drives is not cancelled by who would take it over
            if time.monotonic() > deadline:
                raise UsageError(
                    f"run {run.id} is driven by {hold.describe()}; follow it with: {run.typed('wait')}"
                )
            time.sleep(0.05)
        elif not (take_notes(run.paths) or (state is not RunState.HELD and _is_asked(run))):
            return state


def _is_asked(run: OpenRun) -> bool:
    return any(request.kind == "retry" for request in list_requests(run.paths))


class _Driver:
    """Feeds a resident executor and takes in what its workers do."""

    def __init__(self, run: OpenRun, hold: Hold) -> None:
        if not isinstance(run.executor, ResidentExecutor):
            raise UsageError(f"executor {run.executor.name!r} needs no driver")
        self._run = run
        self._hold = hold
        self._executor = run.executor
        self._coordinator = Coordinator(hold, run.executor)
        self._barren: dict[tuple[str, int], int] = {}
        self._worked: set[tuple[str, int, int]] = set()  # starts of elements that got as far as an instance
        self._given_up: dict[str, str] = {}
        self._gathered = 0.0  # when something had come in last

    def drive(self, look: Look | None, interrupts: Interrupts) -> RunState:
        try:
            state = self._go_on(look)
        finally:
            if interrupts.count < 2:  # else the second came while the first was written down: nobody waits
                self._close(look)
        return state

    def _close(self, look: Look | None) -> None:
        self._executor.close()
        with contextlib.suppress(OSError):
            save_picture(self._run)
        if look:
            look(read_status(self._run))

    def _go_on(self, look: Look | None) -> RunState:
        state = self._recover()
        while not state.is_over and state is not RunState.HELD:
            state = self._take_in(self._gather())
            if look:
                look(read_status(self._run))
        return state

    def _recover(self) -> RunState:
        """Take in what an earlier driver left, then make the first pass."""
        if self._coordinator.stays_held():
            return RunState.HELD
        sweep(self._hold)
        batches, tokens = self._left_behind()
        state = self._coordinator.step(batches, tokens, charge=False)
        tell(self._run.paths, self._hold.take_messages())
        return state

    def _left_behind(self) -> tuple[list[Batch], list[str]]:
        if not self._hold.overview().submissions:  # nothing was being worked on, and no worker is left
            return [], []
        from reflow.run.recover import left_behind

        return left_behind(self._run, self._hold)

    def _gather(self) -> list[Event]:
        """Wait for something to happen, and then for more of it, if the last outcomes came in just before."""
        events: list[Event] = []
        lines = 0
        deadline = time.monotonic() + GATHER_S
        while (left := deadline - time.monotonic()) > 0:
            got = self._executor.pump(left)
            events += got
            self._hold.lease.beat()
            lines += sum(event.lines for event in got)
            if any(event.kind != "sealed" for event in got) or (lines >= PLENTY and not self._is_pending()):
                break
            if got:
                deadline = min(deadline, max(self._gathered + GATHER_S, time.monotonic() + LINGER_S))
        if events:
            self._gathered = time.monotonic()
        return events

    def _is_pending(self) -> bool:
        """Whether a pass has all of a task to look at, since there are instances of it to decide on."""
        return any(counts.get(InstanceState.PENDING) for counts in self._hold.overview().counts.values())

    def _take_in(self, events: list[Event]) -> RunState:
        ended = [event.token for event in events if event.kind == "ended" and event.element < 0]
        state = self._coordinator.step(self._incoming(events, ended), ended, self._given_up)
        tell(self._run.paths, self._hold.take_messages())
        return state

    def _incoming(self, events: list[Event], ended: list[str]) -> Iterator[Batch]:
        """Read what has come in, segment by segment, so that memory need not hold all of it."""
        from reflow.run.recover import written

        read: dict[str, set[str]] = {token: set() for token in ended}
        for event in events:
            for batch in self._batches(event):
                read.setdefault(batch.token, set()).add(batch.segment)
                yield batch
        for token in ended:
            yield from written(self._hold, token, but=read[token])

    def _batches(self, event: Event) -> list[Batch]:
        """Read what an event is about; a dead worker is started again."""
        from reflow.run.recover import read_batch
        from reflow.run.verdict import crashed
        from reflow.rundir.outcomes import part_name

        names: list[tuple[str, Verdict | None]] = [(name, None) for name in event.segments]
        if event.kind == "died":
            names.append((part_name(event.element, event.start), crashed(event.reason, event.peak_mib)))
        found = [read_batch(self._hold, event.token, name, death) for name, death in names]
        batches = [batch for batch in found if batch is not None]
        self._worked |= {(batch.token, batch.element, batch.start) for batch in batches if batch.outcomes}
        if event.kind == "died":
            self._after_death(event)
        return batches

    def _after_death(self, event: Event) -> None:
        """Start a dead worker again, unless it never gets as far as an instance."""
        key = (event.token, event.element)
        has_worked = (*key, event.start) in self._worked
        self._barren[key] = 0 if has_worked else self._barren.get(key, 0) + 1
        if self._barren[key] >= BARREN_BUDGET:
            self._given_up[event.token] = event.reason
            self._executor.abandon(event.token, event.element)
        else:
            self._executor.restart(event.token, event.element)


def hand_over(run: OpenRun) -> None:
    """Advance a run on a scheduler, and stay until it is known what was taken, as far as the scheduler answers."""
    from reflow.run.advance import advance
    from reflow.run.handover import is_unanswered

    if advance(run) is RunState.RUNNING and any(map(is_unanswered, run.ledger.overview().submissions)):
        advance(run, wait=True)


def start(run: OpenRun) -> None:
    """Have a run go on without this process: a scheduler is handed what is ready, else a driver is started."""
    import subprocess

    if not run.is_resident:
        hand_over(run)
        return

    from reflow.rundir.boot import boot_argv

    class Driver(subprocess.Popen[bytes]):
        def __del__(self) -> None:
            """Say nothing: to go on when this process ends is what it is for."""

    _started[:] = [process for process in _started if process.poll() is None]
    check_own(run.paths)
    with open(run.make_driver_log(), "ab", opener=_private) as log:
        process = Driver(
            boot_argv(run.info["python"], run.paths.root, "advance"),
            cwd=run.info["cwd"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _started.append(process)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def follow(run: OpenRun, timeout_s: float | None = None, look: Look | None = None) -> dict[str, Any]:
    """Wait until a run is over or the time has passed, looking, which heals it; return its last status.

    Raises:
        OutOfReach: Its driver or its directory is gone or it is held, so that waiting would never end.
    """
    from reflow.run.look import Looks

    deadline = None if timeout_s is None else monotonic_s() + timeout_s
    pause = 0.02
    looks = Looks(run)
    while True:
        status = looks.look(None if deadline is None else deadline - monotonic_s())
        if not is_there(run.paths):  # what is open can be read all the same
            raise gone_run(run.paths)
        if look:
            look(status)
        if status["driver"]["alive"] is False and status["state"] == RunState.RUNNING.value:
            raise OutOfReach(f"nothing drives run {run.id} any more; {run.remedy}")
        if status["state"] == RunState.HELD.value:
            raise OutOfReach(f"run {run.id} is held; {run.remedy}")
        if RunState(status["state"]).is_over or (deadline is not None and monotonic_s() >= deadline):
            return status
        sleep(pause)
        pause = min(1.0, pause * 1.5)
