"""How a worker is interrupted: SIGTERM ends it, SIGUSR2 says that its time is nearly up, SIGUSR1 to look."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from reflow.errors import TaskInterrupted


class Interruption:
    """Whether this worker is to leave, and whether the call that it is in was broken off.

    Attributes:
        keyboard_ends: Whether Ctrl-C in a function is meant for the run.
        inside: Set around a call into user code: `TaskInterrupted` is raised there, and nowhere else.
        waiting: Set while there is nothing to do: a signal then ends the wait by `TaskInterrupted`.
        leaving: Why no further instance may be started, or empty.
        why: What the current call was broken off as: ``interrupted``, ``cancelled``, or empty.
        is_late: Whether its time limit is why.
        looked: Cleared by SIGUSR1: cancel marks are to be looked at before the next instance.
    """

    def __init__(self, *, keyboard_ends: bool = False) -> None:
        self.keyboard_ends = keyboard_ends
        self.inside = False
        self.waiting = False
        self.leaving = ""
        self.why = ""
        self.is_late = False
        self.looked = True
        self.is_cancelled: Callable[[], bool] = lambda: False

    def listen(self) -> None:
        """Take the signals of this process; one that user code forks has them as usual."""
        signal.signal(signal.SIGTERM, lambda *_: self._leave("it was asked to end"))
        signal.signal(signal.SIGIO, lambda *_: self._leave("the process that drove it ended"))
        signal.signal(signal.SIGUSR2, lambda *_: self._run_late())
        signal.signal(signal.SIGUSR1, lambda *_: self._look())
        os.register_at_fork(after_in_child=_forget_signals)

    def enter(self) -> None:
        """Go into user code; a signal that came since this worker looked for one breaks that off at once."""
        self.inside = True
        if self.leaving:
            self._leave(self.leaving)
        elif not self.looked:
            self._look()

    def _leave(self, reason: str) -> None:
        self.leaving = self.leaving or reason
        if self.inside:
            self.why = self.why or "interrupted"
        if self.inside or self.waiting:
            raise TaskInterrupted(reason)

    def _run_late(self) -> None:
        self.is_late = not self.leaving
        self._leave("its time limit is near")

    def _look(self) -> None:
        self.looked = False
        if self.inside and self.is_cancelled():
            self.why = "cancelled"
            raise TaskInterrupted("this instance was cancelled")


def _forget_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGIO, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
