"""The right to write a run: its lease, its ledger under the lease's epoch, and its shared results."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from reflow.errors import RunDirError, SchedulerError, StoreError
from reflow.filesystem.locks import BEAT_S, Holder
from reflow.model.records import Changes, Overview
from reflow.run.opened import OpenRun
from reflow.run.shared_results import SharedResults
from reflow.rundir.control import leave_note
from reflow.rundir.lease import Lease
from reflow.rundir.runfile import check_own, gone_run, is_there

RESULTS_WAIT = "the run goes on, its new results wait in its ledger"  #: how a message ends that says so
#: How a message ends that tells of a scheduler without an answer, until there is one.
ASKED_AGAIN = "it is asked again by the next look"


class Hold:
    """What a coordinator works with while it holds the lease of a run.

    Attributes:
        is_heard: Whether the scheduler has given an answer.
    """

    def __init__(self, run: OpenRun, lease: Lease) -> None:
        self.run = run
        self.lease = lease
        self.ledger = run.open_ledger_to_write()
        self.epoch = self.ledger.take_epoch()
        self.results = SharedResults(run.store)
        self.messages: list[str] = []
        self.is_heard = False
        self._overview: Overview | None = None

    def apply(self, changes: Changes) -> None:
        """Write to the ledger, unless somebody else advances the run by now. Raises `Fenced`, `StoreError`."""
        self.lease.beat()
        self._overview = None
        self.ledger.apply(changes, self.epoch)

    def tell_unheard(self, error: SchedulerError, what: str = "") -> None:
        """Have the user told that the scheduler gave no answer; ``what`` this stands in the way of comes before."""
        said = " ".join(f"{what} {error}".split())
        self.messages.append(f"{said}; {ASKED_AGAIN}")

    def take_messages(self) -> list[str]:
        """Return what a user should be told since the last time, each thing once."""
        if self.results.trouble:
            self.messages.append(f"{self.results.trouble}; {RESULTS_WAIT}")
            self.results.trouble = None
        told, self.messages = list(dict.fromkeys(self.messages)), []
        return told

    def overview(self) -> Overview:
        """Return the run at a glance; it is read once between two writes, since nobody else writes."""
        if self._overview is None:
            self._overview = self.ledger.overview()
        return self._overview

    @contextlib.contextmanager
    def beating(self) -> Iterator[None]:
        """Keep the lease for the length of a ``with``: a scheduler may take minutes for each of its answers."""
        import threading  # nobody else needs it

        is_over = threading.Event()

        def beat() -> None:
            while not is_over.wait(BEAT_S):
                self.lease.beat()

        self.lease.beat()
        beating = threading.Thread(target=beat, name="reflow-beat", daemon=True)
        beating.start()
        try:
            yield
        finally:
            is_over.set()
            beating.join()

    def close(self) -> None:
        """Let go of ledger and results; the lease is the caller's."""
        self.results.close()
        self.ledger.close()


@contextlib.contextmanager
def held(run: OpenRun) -> Iterator[Hold | Holder]:
    """Take the lease of a run for the length of a ``with``, or give who holds it, with a note left for them.

    Raises:
        RunDirError: The run directory cannot be read or written, now or in the ``with``, or is gone.
    """
    try:
        with _held(run) as hold:
            yield hold
    except (OSError, StoreError) as error:
        if not is_there(run.paths):
            raise gone_run(run.paths) from error
        if isinstance(error, StoreError):
            raise
        path = error.filename or run.paths.root
        raise RunDirError(
            f"{path} cannot be read or written: {error.strerror or error}\n"
            f"when that is put right, {run.remedy}"
        ) from error


@contextlib.contextmanager
def _held(run: OpenRun) -> Iterator[Hold | Holder]:
    check_own(run.paths)
    lease = Lease(run.paths, run.is_over)
    holder = lease.take()
    if holder is not None:
        leave_note(run.paths)
        holder = lease.take()  # it may have gone before it could see the note
    if holder is not None:
        yield holder
        return
    hold: Hold | None = None
    try:
        hold = Hold(run, lease)
        yield hold
    finally:
        if hold is not None:
            hold.close()
        lease.release()
