"""Ctrl-C while a run is made or driven: a cancel, which is in its directory before anything else happens."""

from __future__ import annotations

import contextlib
import os
import signal
from types import FrameType
from typing import Any

from reflow.errors import RunDirError
from reflow.rundir.control import Scope, write_request
from reflow.rundir.layout import RunPaths


class Interrupts:
    """Takes the place of Python's own handler of Ctrl-C for the length of a ``with``; one of somebody else's stays.

    The request is written by the handler, so that neither the moment of an interrupt nor a second one can lose it.
    Then KeyboardInterrupt is raised as ever. Where one is in use already, the inner one comes first.

    Attributes:
        paths: The run that is cancelled; None while there is none.
        count: How often there was an interrupt.
    """

    def __init__(self, paths: RunPaths | None = None) -> None:
        self.paths = paths
        self.count = 0
        self._is_written = False
        self._process = os.getpid()
        self._before: Any = None

    def aim(self, paths: RunPaths | None) -> None:
        """Say which run is cancelled from now on."""
        self.paths = paths

    def __enter__(self) -> Interrupts:
        before = signal.getsignal(signal.SIGINT)
        if before is signal.default_int_handler or isinstance(before, Interrupts):
            self._before = before
            try:
                signal.signal(signal.SIGINT, self)
            except ValueError:  # only the main thread is interrupted
                self._before = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Write the cancel down, then interrupt."""
        if os.getpid() != self._process:  # a task that runs in this process has forked
            raise KeyboardInterrupt
        self.count += 1
        if self.paths is None and isinstance(self._before, Interrupts):
            self._before(number, frame)
        if self.paths is not None and not self._is_written:
            with contextlib.suppress(RunDirError):  # whoever is interrupted tries again, and says so
                write_request(self.paths, "cancel", (Scope(),))
                self._is_written = True
        raise KeyboardInterrupt
