"""How much of a task can be handed over now: arrays of the size that the scheduler takes, within its limits."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from reflow.contracts.executor import Executor, Limits, ResidentExecutor
from reflow.errors import SchedulerError
from reflow.filesystem.atomic import read_bytes, replace_file
from reflow.graph.model import Node
from reflow.model.records import InstanceRow, SubmissionRow
from reflow.run.hold import Hold

_OWN = 4  #: elements that are left for reflow's own small jobs


class Capacity:
    """What may still be handed over in one pass."""

    def __init__(self, hold: Hold, executor: Executor, submissions: Sequence[SubmissionRow]) -> None:
        self._limits = Limits() if isinstance(executor, ResidentExecutor) else _limits(hold, executor)
        self._queued = sum(row.count for row in submissions)

    def take(
        self, node: Node, rows: Sequence[InstanceRow]
    ) -> tuple[list[Sequence[InstanceRow]], Sequence[InstanceRow]]:
        """Return the instances of each array that is to be submitted now, and those that must wait."""
        pack = max(1, node.pack)
        size = self._limits.elements_per_request
        per_array = len(rows) if size is None else size * pack
        in_all = self._limits.elements_in_all
        room = len(rows) if in_all is None else max(0, in_all - _OWN - self._queued) * pack
        now, later = rows[:room], rows[room:]
        self._queued += -(-len(now) // pack)
        arrays = [now[start : start + per_array] for start in range(0, len(now), max(1, per_array))]
        return arrays, later


def _limits(hold: Hold, executor: Executor) -> Limits:
    """Return the executor's limits, asked for once per run."""
    path = os.path.join(hold.run.paths.root, "limits.json")
    try:
        return Limits(*json.loads(read_bytes(path)))
    except FileNotFoundError:
        pass
    try:
        limits = executor.limits()
    except SchedulerError as error:
        hold.messages.append(f"the scheduler did not say what its limits are: {error}")
        return Limits()
    replace_file(path, json.dumps(limits).encode(), sync=False)
    return limits
