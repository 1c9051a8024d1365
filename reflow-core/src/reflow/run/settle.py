"""One pass by a process that does not stay: what a command does for a run whose driver is gone."""

from __future__ import annotations

from reflow.contracts.executor import ResidentExecutor
from reflow.model.states import RunState
from reflow.run.coordinator import Coordinator
from reflow.run.hold import Hold
from reflow.run.ingest import Batch
from reflow.run.opened import OpenRun
from reflow.run.recover import end_orphans, left_behind


def settle(run: OpenRun, hold: Hold) -> RunState:
    """Take in what dead workers left and carry out requests; hand over nothing, since nobody would stay to feed it."""
    executor = run.executor
    submissions = hold.overview().submissions if isinstance(executor, ResidentExecutor) else ()
    batches: list[Batch] = []
    for submission in submissions:
        end_orphans(run.paths.submission(submission.token))
        batches += left_behind(hold, submission)
    coordinator = Coordinator(hold, executor)
    return coordinator.settle(batches, [row.token for row in submissions])
