"""How much of a task can be handed over now: arrays of the size that the scheduler takes, within its limits."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from reflow.contracts.executor import Executor, Limits, ResidentExecutor
from reflow.errors import SchedulerError
from reflow.filesystem.files import read_bytes, replace_file
from reflow.graph.model import Node
from reflow.model.named_tuple import NamedTuple
from reflow.model.records import InstanceRow, SubmissionRow
from reflow.run.hold import Hold
from reflow.run.small_jobs import is_small
from reflow.run.tries import Wave

_T = TypeVar("_T")

#: Elements that are left for a watchdog, the safety net, and jobs that end when what follows is there.
_OWN = 4


class Array(NamedTuple):
    """What one submission is to be made of.

    Attributes:
        pack: Instances per element.
    """

    wave: Wave
    pack: int


class Capacity:
    """What may still be handed over in one pass."""

    def __init__(self, hold: Hold, executor: Executor, submissions: Sequence[SubmissionRow]) -> None:
        resident = isinstance(executor, ResidentExecutor)
        self._limits = Limits() if resident else known_limits(hold, executor)
        self._queued = sum(row.count for row in submissions)
        self._is_idle = all(map(is_small, submissions))
        self._hold = hold
        self._executor = executor

    def take(self, node: Node, wave: Wave) -> tuple[list[Array], Sequence[InstanceRow]]:
        """Return the arrays that are to be submitted now, and the instances that must wait."""
        rows, pack = wave.rows, self._pack(node)
        in_all = self._limits.elements_in_all
        least = 1 if self._is_idle else 0  # else nothing would ever make room
        room = len(rows) if in_all is None else max(least, in_all - _OWN - self._queued) * pack
        now, later = rows[:room], rows[room:]
        arrays = [Array(wave._replace(rows=part), pack) for part in split(now, self._limits, pack)]
        if arrays:
            self._is_idle = False
            self._queued += -(-len(now) // pack) + 1  # their watchdog
        return arrays, later

    def _pack(self, node: Node) -> int:
        try:
            return packed(node, self._executor, self._hold.run.info["defaults"])
        except SchedulerError as error:
            self._hold.tell_unheard(error, "the scheduler did not say what its time limits are:")
            return node.pack


def split(rows: Sequence[_T], limits: Limits, pack: int) -> list[Sequence[_T]]:
    """Return instances as the arrays that they are submitted in."""
    size = len(rows) if limits.elements_per_request is None else limits.elements_per_request * pack
    return [rows[start : start + size] for start in range(0, len(rows), max(1, size))]


def packed(node: Node, executor: Executor, defaults: Mapping[str, Any]) -> int:
    """Return how many instances an element takes: as many as the task says, if its partition gives it the time.

    Raises:
        SchedulerError: The executor did not say how much time there is.
    """
    time_s = node.resources.time_s
    if node.pack <= 1 or time_s is None:
        return max(1, node.pack)
    longest = executor.longest_s(node.resources.partition or defaults.get("partition"))
    return node.pack if longest is None else min(node.pack, max(1, longest // time_s) * max(1, node.workers))


def known_limits(hold: Hold, executor: Executor) -> Limits:
    """Return the executor's limits, asked for once per run."""
    path = os.path.join(hold.run.paths.root, "limits.json")
    try:
        return Limits(*json.loads(read_bytes(path)))
    except (FileNotFoundError, ValueError, TypeError):  # not synced: a node that died may have left it empty
        pass
    try:
        limits = executor.limits()
    except SchedulerError as error:
        hold.tell_unheard(error, "the scheduler did not say what its limits are:")
        return Limits()
    replace_file(path, json.dumps(limits).encode(), sync=False)
    return limits
