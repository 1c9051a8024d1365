"""The local executor: resident workers, one per slot, fed in batches by the process that drives the run."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from reflow.plugin import ElementReport, Event, JobRequest, JobState, NotSubmitted, ResidentExecutor
from reflow_local.options import read_workers, usable_cpus

# What workers need is imported once there are any: a run may reuse everything.
if TYPE_CHECKING:
    from reflow_local.order import Order
    from reflow_local.slot import Slot

GRACE_S = 10.0  #: how long an interrupted instance has before its worker is killed
TICK_S = 0.05  #: how often ends of processes are asked for where the kernel does not tell


class LocalExecutor(ResidentExecutor):
    """A worker is one element of each request that it takes instances of.

    Options:
        workers: How many slots there are; the CPUs that this process may use, if not given.
    """

    name = "local"

    def __init__(self, options: Mapping[str, object] | None = None) -> None:
        super().__init__(options)
        self._slot_count = read_workers(self.options)
        self._slots: list[Slot] = []
        self._orders: dict[str, Order] = {}
        self._tokens: dict[str, str] = {}
        self._events: list[Event] = []
        self._poll = select.poll()
        self._cold: list[Callable[[], None]] = []  # what starts workers that are to be there soon

    @property
    def slots(self) -> int:
        """How many workers may run at once."""
        return self._slot_count

    def warm_up(self, serve_argv: Sequence[str], cwd: str, log: str, workers: int) -> None:
        """Start one worker, and more as soon as this process waits, which needs a processor itself until then.

        They are no more than can start at once, since there may be little to do.
        """
        slots = self._grown(min(workers, self._slot_count, usable_cpus()))
        self._cold = [partial(slot.start, serve_argv, log) for slot in slots]
        self._start_cold(1)

    def submit(self, request: JobRequest) -> str:
        """Take a request; its workers get their first batches at once."""
        from reflow_local.native import native_id
        from reflow_local.order import Order

        ahead = [(order, at) for native, at in request.elements_ahead if (order := self._order(native))]
        order = Order(request, self._slot_count, self._unfinished(request.predecessors), ahead)
        self._orders[request.token] = order
        native = native_id(request.count, request.serve_argv, len(self._tokens)).text()
        self._tokens[native] = request.token
        self._feed()
        self._settle()
        return native

    def find(self, tokens: Collection[str]) -> dict[str, str]:
        """Return the ids of those requests that this process drives: nobody else can have them."""
        return {token: native for native, token in self._tokens.items() if token in tokens}

    def poll(self, native_ids: Collection[str]) -> dict[str, dict[int, ElementReport]]:
        """Return how elements stand; those of a dead driver run on until their workers have ended."""
        from reflow_local.native import parse_native_id

        found = {}
        for native in native_ids:
            if (order := self._order(native)) is not None:
                found[native] = _reports(order)
            elif (parsed := parse_native_id(native)) is not None and parsed.leftovers():
                running = ElementReport(JobState.RUNNING, "a worker of a driver that has ended")
                found[native] = dict.fromkeys(range(parsed.elements), running)
        return found

    def shown(self, native_id: str, element: int | None) -> str:
        """Return which process drives a request."""
        from reflow_local.native import parse_native_id

        native = parse_native_id(native_id)
        if native is None:
            return super().shown(native_id, element)
        return f"process {native.driver.pid} on {native.driver.host}"

    def cancel(self, native_ids: Collection[str]) -> None:
        """Start nothing more of these requests, and interrupt what is running of them."""
        from reflow_local.native import parse_native_id

        for native in native_ids:
            order = self._order(native)
            if order is not None and not order.is_ended:
                order.cancel()
                for worker in order.busy:
                    self._slots[worker].interrupt(order.request.token, GRACE_S)
            elif order is None and (parsed := parse_native_id(native)) is not None:
                parsed.interrupt_leftovers()
        self._settle()

    def cancel_positions(self, token: str, positions: Collection[int]) -> None:
        """Interrupt some instances of a request and leave the rest."""
        order = self._orders[token]
        order.drop(positions)
        wanted = set(positions)
        for element in order.elements.values():
            batches = [range(batch.begin, batch.end) for batch in element.held]
            if element.worker is not None and not all(map(wanted.isdisjoint, batches)):
                grace_s = GRACE_S if wanted.issuperset(batches[0]) else None
                self._slots[element.worker].interrupt(token, grace_s)
        self._settle()

    def restart(self, token: str, element: int) -> None:
        """Let a new process go on behind the instance that the last one died in."""
        self._orders[token].restart(element)
        self._feed()
        self._settle()

    def abandon(self, token: str, element: int) -> None:
        """Give up what a dead element still held."""
        self._orders[token].abandon(element)
        self._settle()

    def pump(self, timeout_s: float) -> list[Event]:
        """Feed workers, wait at most so long for something to happen, and return what did."""
        ends = time.monotonic() + timeout_s
        while True:
            self._feed()
            if self._events or not self._is_expecting():
                break
            left = ends - time.monotonic()
            if left < 0:
                break
            self._wait(left)
        events, self._events = self._events, []
        return events

    def leftovers(self, serve_argv: Sequence[str]) -> int:
        """Return how many workers of this command still live, whose driver is gone."""
        from reflow_local.leftovers import command_digest, find_leftovers

        return len(find_leftovers(command_digest(serve_argv)))

    def end_leftovers(self, serve_argv: Sequence[str]) -> None:
        """End the workers of another driver of this run: interrupted first, then killed."""
        from reflow_local.leftovers import command_digest, end_leftovers

        end_leftovers(command_digest(serve_argv))

    def close(self) -> None:
        """End all workers: those at work are interrupted, and killed if that does not help."""
        for slot in self._slots:
            slot.ask_to_end()
        ends = time.monotonic() + GRACE_S
        for slot in self._slots:
            slot.end(ends)
        self._slots, self._orders, self._cold = [], {}, []

    def _order(self, native: str) -> Order | None:
        return self._orders.get(self._tokens.get(native, ""))

    def _unfinished(self, natives: Sequence[str]) -> set[str]:
        orders = {self._tokens.get(native, ""): self._order(native) for native in natives}
        return {token for token, order in orders.items() if order is not None and not order.is_ended}

    def _grown(self, count: int) -> list[Slot]:
        from reflow_local.slot import Slot

        if not self._slots:
            _refuse_while_loading()
        while len(self._slots) < count:
            self._slots.append(Slot(len(self._slots), self._poll))
        return self._slots[:count]

    def _open_orders(self) -> list[Order]:
        return [order for order in self._orders.values() if not order.is_ended]

    def _feed(self) -> None:
        orders = self._open_orders()
        fed = bool(orders)
        while fed:  # one batch each in turn, so that the first worker does not get what the second could do
            fed = False
            for slot in self._grown(min(self._slot_count, sum(order.most_workers for order in orders))):
                order = self._next_order(slot, orders)
                if order is not None:
                    slot.give(order)
                    fed = True
        for slot in self._slots:
            slot.rest()

    def _next_order(self, slot: Slot, orders: Sequence[Order]) -> Order | None:
        from reflow_local.sharing import choose

        current = self._orders.get(slot.token)
        if slot.load and current is not None and current.depth() == 1:
            return None  # whatever is queued behind a long instance would wait for it
        order = choose(orders, slot.number, current, slot.since, self._slot_count, time.monotonic())
        if order is None or slot.load >= order.depth():
            return None
        return order

    def _is_expecting(self) -> bool:
        """Whether anything may still happen by itself."""
        now = time.monotonic()
        return any(order.is_at_work or not order.may_start(now) for order in self._open_orders())

    def _start_cold(self, count: int) -> None:
        while self._cold and count > 0:
            self._cold.pop(0)()
            count -= 1

    def _wait(self, timeout_s: float) -> None:
        self._start_cold(len(self._cold))
        now = time.monotonic()
        moments = [o.not_before - now for o in self._open_orders() if o.not_before > now]
        moments += [slot.kill_at - now for slot in self._slots if slot.kill_at]
        if any(slot.needs_asking for slot in self._slots):
            moments.append(TICK_S)
        ready = self._poll.poll(max(0.0, min([timeout_s, *moments])) * 1000)
        touched = {descriptor for descriptor, _ in ready}
        for slot in self._slots:
            if slot.needs_asking or slot.kill_at or slot.descriptors & touched:
                self._hear(slot)
        self._settle()

    def _hear(self, slot: Slot) -> None:
        slot.kill_if_due("did not end within the time it was given")
        self._take_in(slot)
        if slot.has_ended():
            self._take_in(slot)  # what it said last
            self._died(slot)

    def _take_in(self, slot: Slot) -> None:
        for message in slot.read():
            if "did" in message:
                self._did(slot, message)
            elif "sealed" in message:
                self._sealed(message["sealed"])

    def _did(self, slot: Slot, message: Mapping[str, Any]) -> None:
        token, element, begin, end = message["did"]
        slot.did()
        self._orders[token].did(element, begin, end, message["spent"])

    def _sealed(self, report: Sequence[Any]) -> None:
        token, element, start, names, lines = report
        self._orders[token].elements[element].is_unsealed = False
        if names:
            self._events.append(Event("sealed", token, element, start, tuple(names), lines=lines))

    def _died(self, slot: Slot) -> None:
        reason, peak = slot.take_death()
        for order in self._open_orders():
            element = order.element_of(slot.number)
            if element is not None and (element.held or element.is_unsealed):
                order.died(element)
                token = order.request.token
                self._events.append(Event("died", token, element.number, element.start, (), reason, peak))
                if order.is_cancelled:  # there is nothing to go on with
                    order.abandon(element.number)

    def _settle(self) -> None:
        """Say which requests have come to their end."""
        for order in self._open_orders():
            if order.is_idle and not order.after:
                order.is_ended = True
                token = order.request.token
                self._events.append(Event("ended", token, -1, 0))
                for other in self._open_orders():
                    other.after.discard(token)


def _refuse_while_loading() -> None:
    """A worker that imports a flow which submits itself would go on for ever."""
    if module := os.environ.get("REFLOW_LOADING"):
        raise NotSubmitted(
            f"module {module!r} submits a workflow when it is imported; "
            'put that under: if __name__ == "__main__":'
        )


def _reports(order: Order) -> dict[int, ElementReport]:
    if order.is_ended:
        state = JobState.CANCELLED if order.is_cancelled else JobState.COMPLETED
        return dict.fromkeys(range(order.request.count), ElementReport(state))
    return {element: ElementReport(_state(order, element)) for element in range(order.request.count)}


def _state(order: Order, number: int) -> JobState:
    element = order.elements.get(number)
    if element is None:
        return JobState.PENDING
    return JobState.FAILED if element.is_dead else JobState.RUNNING
