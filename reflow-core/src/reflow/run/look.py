"""Looking heals: what every command does for a run before it shows it."""

from __future__ import annotations

import os
from typing import Any

from reflow.errors import ReflowError, StoreHalfWritten
from reflow.model.states import RunState
from reflow.run.called_off import is_called_off
from reflow.run.clock import monotonic_s, now_ms
from reflow.run.opened import OpenRun
from reflow.run.status import read_picture, read_status
from reflow.rundir.lease import is_free
from reflow.rundir.messages import in_one_line
from reflow.rundir.queue import read_waits

SILENT_S = 5.0  #: a run that wrote nothing for so long, and that nobody drives, is looked after
SOON_S = 10.0  #: between the looks of somebody who waits, after something has changed
RARELY_S = 300.0  #: the same, once nothing has for long
CERTAINTY_S = 180.0  #: what it can take at most to be certain about lost work


def look(run: OpenRun) -> dict[str, Any]:
    """Return how a run stands, after it was healed; what stood in the way of that is one of its messages.

    Of a ledger that is half written, and must be left so, it is how the run stood when somebody last moved it.

    Raises:
        StoreError: The ledger cannot be read.
    """
    return _status(run, heal(run))


class Looks:
    """The looks of somebody who waits for a run: the first heals, later ones ever more rarely while nothing changes.

    A run whose workers need a driver is only read: to take its lease would be in the way of a new one.
    """

    def __init__(self, run: OpenRun) -> None:
        self._run = run
        self._due = monotonic_s()
        self._pause = SOON_S
        self._tasks: object = None
        self._trouble: str | None = None

    def look(self, left_s: float | None = None) -> dict[str, Any]:
        """Return how the run stands, after it was healed if that is due.

        Args:
            left_s: How long the caller goes on waiting; None: as long as it takes.
        """
        if not self._run.is_resident and monotonic_s() >= self._due:
            self._trouble = heal(self._run, stays=self._stays(left_s))
            self._due = monotonic_s() + self._pause
            self._pause = min(RARELY_S, self._pause * 2)
        status = _status(self._run, self._trouble)
        if status["tasks"] != self._tasks:  # there may be more to be taken in
            self._tasks = status["tasks"]
            self._pause = SOON_S
            self._due = min(self._due, monotonic_s() + SOON_S)
        return status

    def _stays(self, left_s: float | None) -> bool:
        """Whether to do here what a watchdog would: nobody else finds lost work where there is none, or it waits."""
        from reflow.run.small_jobs import dispatch_of, has_small_jobs

        has_time = left_s is None or left_s > CERTAINTY_S
        is_alone = not has_small_jobs(dispatch_of(self._run)) or bool(read_waits(self._run.paths).guards)
        return has_time and is_alone


def _status(run: OpenRun, trouble: str | None) -> dict[str, Any]:
    try:
        status = read_status(run)
    except StoreHalfWritten as error:
        picture = read_picture(run)
        if picture is None:
            raise
        status, moment = picture
        trouble = f"this is how the run stood at {moment}: {' '.join(str(error).split())}"
    if trouble and trouble not in status["messages"]:
        status["messages"].append(trouble)
    return status


def heal(run: OpenRun, *, stays: bool = False) -> str | None:
    """Take in what waits of a run that nobody drives any more; a healthy or foreign run is left alone.

    Args:
        stays: Whether the caller has the minutes that certainty about lost work on a scheduler can take.

    Returns:
        What stands in the way of it, or None: a look never fails because of this.
    """
    try:
        if is_silent(run):
            _settle(run, stays=stays)
    except (ReflowError, OSError) as error:
        return in_one_line(str(error))
    return None


def is_silent(run: OpenRun) -> bool:
    """Whether something of this user's own run waits to be done, and nobody does it."""
    if os.stat(run.paths.root).st_uid != os.geteuid():
        return False
    try:
        overview = run.ledger.overview()
    except StoreHalfWritten:  # whoever takes the lease of a writer that has died can undo that
        return is_free(run.paths, run.is_over)
    waits = overview.state is RunState.RUNNING or overview.published < overview.outputs
    waits = waits or bool(overview.submissions)  # a cancelled run is over before its jobs are
    if overview.state is RunState.HELD:
        return False
    if not waits or not is_free(run.paths, run.is_over):
        return False
    return now_ms() - overview.updated >= SILENT_S * 1000 or is_called_off(run)


def _settle(run: OpenRun, *, stays: bool) -> None:
    from reflow.contracts.executor import ResidentExecutor
    from reflow.run.settle import settle

    executor = run.executor if run.is_resident else None
    if (
        isinstance(executor, ResidentExecutor)
        and not is_called_off(run)
        and executor.leftovers(run.serve_argv)
    ):
        return  # they end with the instance they are at; to end them is for whoever drives the run on
    settle(run, stays=stays)
