"""One pass by a process that does not stay: what a command does for a run whose driver is gone."""

from __future__ import annotations

from reflow.model.states import RunState
from reflow.run.coordinator import Coordinator
from reflow.run.hold import Hold
from reflow.run.opened import OpenRun
from reflow.run.recover import left_behind
from reflow.rundir.messages import tell


def settle(run: OpenRun, hold: Hold) -> RunState:
    """Take in what dead workers left and carry out requests; hand over nothing, since nobody would stay to feed it."""
    batches, tokens = left_behind(run, hold)
    state = Coordinator(hold, run.executor).settle(batches, tokens)
    tell(run.paths, hold.take_messages())
    return state
