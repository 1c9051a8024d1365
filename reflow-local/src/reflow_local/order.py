"""One request as its workers share it: which positions wait, and who holds which."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence

from reflow.plugin import JobRequest, NamedTuple

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


class Element:
    """One element of a request, and the worker that is it for now.

    Attributes:
        worker: Number of the slot, or None while nobody is it.
        process: Which process of that slot it was last; another one starts it afresh.
        start: How often it had been started before.
        held: The batches that its worker has, in order.
        redo: Batches that only this element can go on with, since it began them once.
        lost: What its process held when it died; it waits for a decision.
        is_dead: Whether there is such a decision to be waited for.
        is_unsealed: Whether it has outcomes that are not in a sealed segment.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.worker: int | None = None
        self.process: int | None = None
        self.start = 0
        self.held: list[Batch] = []
        self.redo: list[Batch] = []
        self.lost: list[Batch] = []
        self.is_dead = False
        self.is_unsealed = False

    @property
    def is_at_rest(self) -> bool:
        """Whether another worker may take its place."""
        return not (self.held or self.is_dead or self.is_unsealed)

    def seat(self, worker: int, process: int) -> None:
        """Let a process be this element."""
        if self.process is not None and self.process != process:
            self.start += 1
        self.worker, self.process = worker, process


class Order:
    """A request that is being worked on.

    Args:
        slots: How many workers there may be.
        after: Tokens of the requests that must have ended first.
        ahead: Positions in others, at which no worker may be any more.

    Attributes:
        width: How many slots a worker takes up that works for it.
        waiting: Batches that nobody holds.
        elements: By number, those that have been started.
        is_cancelled: Whether nothing of it is to be started any more.
        served: When a worker last got something of it.
    """

    def __init__(
        self,
        request: JobRequest,
        slots: int,
        after: Collection[str] = (),
        ahead: Iterable[tuple[Order, int]] = (),
    ) -> None:
        self.request = request
        self.width = min(max(1, request.resources.cpus), slots)
        self.most_workers = min(request.resources.array_parallelism or slots, slots, max(1, request.count))
        self.after = set(after)
        self._ahead = list(ahead)
        self.not_before = time.monotonic() + request.begin_s
        self.waiting = [Batch(0, request.instances)] if request.instances else []
        self.elements: dict[int, Element] = {}
        self.is_cancelled = False
        self.is_ended = False
        self.served = 0.0
        self._pace: float | None = None
        self._fixed = int(os.environ.get("REFLOW_BATCH", "0"))

    @property
    def is_at_work(self) -> bool:
        """Whether a worker holds something of it, or has not sealed all that it did."""
        return any(element.held or element.is_unsealed for element in self.elements.values())

    @property
    def is_idle(self) -> bool:
        """Whether nothing of it waits, is held, or is open."""
        undecided = any(element.redo or element.is_dead for element in self.elements.values())
        return not (self.waiting or undecided or self.is_at_work)

    @property
    def busy(self) -> list[int]:
        """The workers that hold batches of it."""
        return [e.worker for e in self.elements.values() if e.held and e.worker is not None]

    @property
    def budget_s(self) -> float | None:
        """How long a worker may take for one batch; None when batches are of a fixed size."""
        return None if self._fixed else BUDGET_S

    def may_start(self, now: float) -> bool:
        """Whether what comes before it has ended, and its time has come."""
        self._ahead = [(order, position) for order, position in self._ahead if order.is_at(position)]
        return not (self.after or self._ahead) and now >= self.not_before

    def is_at(self, position: int) -> bool:
        """Whether a worker holds an instance, and may be inside it."""
        held = (batch for element in self.elements.values() for batch in element.held)
        return any(batch.begin <= position < batch.end for batch in held)

    def has_work_for(self, worker: int) -> bool:
        """Whether a worker can be given something of it."""
        busy = self.busy
        if self.is_cancelled or (worker not in busy and len(busy) >= self.most_workers):
            return False
        element = self._seat_for(worker)
        return element is not None and bool(element.redo or self.waiting)

    def element_of(self, worker: int) -> Element | None:
        """Return the element that a worker is, if it is one."""
        return next((e for e in self.elements.values() if e.worker == worker), None)

    def depth(self) -> int:
        """How many batches a worker may hold: two short ones, so that it never waits, or one long one."""
        if self._fixed:
            return 2
        if self._pace is None:
            return 2 if self._positions_waiting() > 16 * self.most_workers else 1
        return 2 if self._pace <= BUDGET_S else 1

    def take(self, worker: int, process: int) -> tuple[Batch, Element]:
        """Give a worker its next batch, and return it with the element that the worker is from now on."""
        element = self._seat_for(worker)
        assert element is not None
        for former in self.elements.values():
            if former.worker == worker:
                former.worker = None
        self.elements[element.number] = element
        element.seat(worker, process)
        batch = element.redo.pop(0) if element.redo else self._cut()
        element.held.append(batch)
        return batch, element

    def did(self, number: int, begin: int, end: int, spent_s: float) -> None:
        """Take note that an element has worked through its oldest batch, or through the first part of it."""
        element = self.elements[number]
        batch = element.held.pop(0)
        element.is_unsealed = True
        if end > begin:
            pace = spent_s / (end - begin)
            self._pace = pace if self._pace is None else 0.5 * (self._pace + pace)
        if end < batch.end and not self.is_cancelled:
            (element.redo if batch.skip else self.waiting).insert(0, batch._replace(begin=end))

    def died(self, element: Element) -> None:
        """Take note that an element's process is gone; what it held waits for `restart` or `abandon`."""
        element.lost, element.held = element.held, []
        element.is_dead, element.is_unsealed, element.worker = True, False, None

    def restart(self, number: int) -> None:
        """Let a new process go on with what a dead element held."""
        element = self.elements.get(number)
        if element is not None and element.is_dead:
            if not self.is_cancelled:
                element.redo[:0] = [batch._replace(skip=True) for batch in element.lost]
            element.lost, element.is_dead = [], False

    def abandon(self, number: int) -> None:
        """Give up what a dead element held."""
        element = self.elements.get(number)
        if element is not None:
            element.lost, element.is_dead = [], False

    def cancel(self) -> None:
        """Start nothing more of it."""
        self.is_cancelled = True
        self.waiting.clear()
        for element in self.elements.values():
            element.redo.clear()

    def drop(self, positions: Collection[int]) -> None:
        """Take single positions out of what waits."""
        wanted = sorted(positions)
        self.waiting = [part for batch in self.waiting for part in _without(batch, wanted)]

    def _seat_for(self, worker: int) -> Element | None:
        """Return the element that a worker would be, or None when all are taken."""
        own = self.element_of(worker)
        if own is not None and (own.held or own.redo):
            return own
        at_rest = [element for element in self.elements.values() if element.is_at_rest]
        if begun := [element for element in at_rest if element.redo]:
            return begun[0]
        if own is not None:
            return own
        if len(self.elements) < self.request.count:
            return Element(len(self.elements))
        return at_rest[0] if at_rest else None

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


def _without(batch: Batch, positions: Sequence[int]) -> Iterator[Batch]:
    """Yield what is left of a batch without some positions, which are in ascending order."""
    begin = batch.begin
    for position in positions[bisect_left(positions, begin) : bisect_left(positions, batch.end)]:
        if position > begin:
            yield batch._replace(begin=begin, end=position)
        begin = position + 1
    if begin < batch.end:
        yield batch._replace(begin=begin)
