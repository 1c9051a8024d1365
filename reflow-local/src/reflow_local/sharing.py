"""Which request a worker turns to next, when several are open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reflow_local.order import Order

TURN_S = 0.25  #: how long a worker stays with a request while others wait


def choose(
    orders: Sequence[Order], worker: int, current: Order | None, since: float, slots: int, now: float
) -> Order | None:
    """Return the order that a worker is to take its next batch from, or None when it must wait.

    A worker stays with its order for a while, since turning to another one seals what it has. Then it is the
    turn of the one that fewest work for, and among those of the one that waited longest. An order that needs
    more slots than are free holds them until it has them, so that narrow work cannot starve it.
    """
    open_orders = [order for order in orders if order.may_start(now) and order.has_work_for(worker)]
    if current in open_orders and now - since < TURN_S and _fits(current, orders, worker, slots):
        return current
    for order in sorted(open_orders, key=lambda order: (len(_others(order, worker)), order.served)):
        if _fits(order, orders, worker, slots):
            return order
        if not order.busy:
            return None
    return None


def _others(order: Order, worker: int) -> list[int]:
    return [busy for busy in order.busy if busy != worker]


def _fits(order: Order | None, orders: Iterable[Order], worker: int, slots: int) -> bool:
    if order is None:
        return False
    widths: dict[int, int] = {worker: order.width}
    for other in orders:
        for busy in other.busy:
            widths[busy] = max(widths.get(busy, 0), other.width)
    return sum(widths.values()) <= slots
