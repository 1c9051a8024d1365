"""One request as its workers share it: which positions wait, and who holds which."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from reflow.plugin import JobRequest

TARGET_S = 0.02  #: of work in a batch
LEAST_S = 0.004  #: the same towards the end, when workers get equal shares of what is left
BUDGET_S = 0.05  #: after which a worker hands back what it has not begun
MOST = 1000  #: positions in a batch
FIRST = 500  #: the same, while nobody knows how long one takes


class Batch(NamedTuple):
    """Positions ``begin`` to ``end``; ``skip`` leaves out those that an earlier start had begun."""

    begin: int
    end: int
    skip: bool = False


class Order:
    """A request that is being worked on.

    Attributes:
        width: How many slots a worker takes up that works for it.
        waiting: Batches that nobody holds.
        held: By element, the batches that its worker has, in order.
        redo: By element, what only this element can go on with.
        dead: Elements whose process died, with what it held; they wait for a decision.
        unsealed: Elements with outcomes that are not in a sealed segment.
        is_cancelled: Whether nothing of it is to be started any more.
    """

    def __init__(self, request: JobRequest, slots: int, after: Collection[str]) -> None:
        self.request = request
        self.width = min(max(1, request.resources.cpus), slots)
        self.most_workers = min(request.resources.array_parallelism or slots, slots, max(1, request.count))
        self.after = set(after)
        self.not_before = time.monotonic() + request.begin_s
        self.waiting = [Batch(0, request.instances)] if request.instances else []
        self.held: dict[int, list[Batch]] = {}
        self.redo: dict[int, list[Batch]] = {}
        self.dead: dict[int, list[Batch]] = {}
        self.unsealed: set[int] = set()
        self.starts: dict[int, int] = {}
        self.is_cancelled = False
        self.is_ended = False
        self.served = 0.0
        self._pace: float | None = None
        self._fixed = int(os.environ.get("REFLOW_BATCH", "0"))
        self._processes: dict[int, int] = {}

    @property
    def is_idle(self) -> bool:
        """Whether nothing of it waits, is held, or is open."""
        return not (self.waiting or self.redo or self.dead or self.unsealed or self.busy)

    @property
    def busy(self) -> list[int]:
        """The elements that hold batches."""
        return [element for element, batches in self.held.items() if batches]

    def may_start(self, now: float) -> bool:
        """Whether what comes before it has ended, and its time has come."""
        return not self.after and now >= self.not_before

    def has_work_for(self, element: int) -> bool:
        """Whether an element can be given something."""
        if self.is_cancelled or element in self.dead or element >= self.request.count:
            return False
        if element in self.redo:
            return True
        busy = self.busy
        return bool(self.waiting) and (element in busy or len(busy) < self.most_workers)

    def depth(self, element: int) -> int:
        """How many batches an element may hold: two short ones, so that it never waits, or one long one."""
        if self._fixed:
            return 2
        if self._pace is None:
            return 2 if self._positions_waiting() > 16 * self.most_workers else 1
        return 2 if self._pace <= BUDGET_S else 1

    def take(self, element: int, process: int) -> tuple[Batch, int]:
        """Give an element its next batch, and return it with the element's start number."""
        known = self._processes.get(element)
        if known is not None and known != process:
            self.starts[element] = self.starts.get(element, 0) + 1
        self._processes[element] = process
        batch = self._redone(element) if element in self.redo else self._cut()
        self.held.setdefault(element, []).append(batch)
        return batch, self.starts.get(element, 0)

    def start_of(self, element: int) -> int:
        """Return how often an element had been started before."""
        return self.starts.get(element, 0)

    def did(self, element: int, begin: int, end: int, spent_s: float) -> None:
        """Take note that an element has worked through its oldest batch, or through the first part of it."""
        batch = self.held[element].pop(0)
        self.unsealed.add(element)
        if end > begin:
            pace = spent_s / (end - begin)
            self._pace = pace if self._pace is None else 0.5 * (self._pace + pace)
        if end < batch.end and not self.is_cancelled:
            rest = Batch(end, batch.end, batch.skip)
            if batch.skip:
                self.redo.setdefault(element, []).insert(0, rest)
            else:
                self.waiting.insert(0, rest)

    def died(self, element: int) -> None:
        """Take note that an element's process is gone; what it held waits for `restart` or `abandon`."""
        self.dead[element] = self.held.pop(element, [])
        self.unsealed.discard(element)

    def restart(self, element: int) -> None:
        """Let a new process go on with what a dead element held."""
        batches = self.dead.pop(element, [])
        if batches and not self.is_cancelled:
            self.redo.setdefault(element, [])[:0] = [batch._replace(skip=True) for batch in batches]

    def abandon(self, element: int) -> None:
        """Give up what a dead element held."""
        self.dead.pop(element, None)

    def cancel(self) -> None:
        """Start nothing more of it."""
        self.is_cancelled = True
        self.waiting.clear()
        self.redo.clear()

    def drop(self, positions: Collection[int]) -> None:
        """Take single positions out of what waits."""
        wanted = sorted(positions)
        self.waiting = [part for batch in self.waiting for part in _without(batch, wanted)]

    def _redone(self, element: int) -> Batch:
        batches = self.redo[element]
        batch = batches.pop(0)
        if not batches:
            del self.redo[element]
        return batch

    def _cut(self) -> Batch:
        first = self.waiting[0]
        end = min(first.end, first.begin + self._size())
        if end == first.end:
            self.waiting.pop(0)
        else:
            self.waiting[0] = first._replace(begin=end)
        return first._replace(end=end)

    def _size(self) -> int:
        if self._fixed:
            return self._fixed
        waiting = self._positions_waiting()
        if self._pace is None:
            return max(1, min(FIRST, waiting // (8 * self.most_workers)))
        pace = max(self._pace, 1e-6)
        fair = max(-(-waiting // (2 * self.most_workers)), int(LEAST_S / pace))
        return max(1, min(fair, MOST, int(TARGET_S / pace)))

    def _positions_waiting(self) -> int:
        return sum(batch.end - batch.begin for batch in self.waiting)

    @property
    def budget_s(self) -> float | None:
        """How long a worker may take for one batch; None when batches are of a fixed size."""
        return None if self._fixed else BUDGET_S


def _without(batch: Batch, positions: Sequence[int]) -> Iterator[Batch]:
    """Yield what is left of a batch without some positions, which are in ascending order."""
    begin = batch.begin
    for position in positions[bisect_left(positions, begin) : bisect_left(positions, batch.end)]:
        if position > begin:
            yield batch._replace(begin=begin, end=position)
        begin = position + 1
    if begin < batch.end:
        yield batch._replace(begin=begin)
