"""How two tasks join: the table of wiring, on types alone."""

from __future__ import annotations

from typing import TypeAlias

from reflow.graph.model import Source
from reflow.graph.types import EXACT, NO, THROUGH_ANY, fits, item_of, list_of
from reflow.model.named_tuple import NamedTuple
from reflow.values.shapes import Shape


class Upstream:
    """A task that another one takes from."""

    __slots__ = ("array", "name", "returns")

    def __init__(self, name: str, *, array: bool, returns: Shape) -> None:
        self.name = name
        self.array = array
        self.returns = returns


class Wanted:
    """A parameter that takes from other tasks.

    Attributes:
        array: Whether it is a parameter of an array task.
        broadcast: Whether its marker says so.
        several: Whether its marker has ``steps``.
        width_elsewhere: Whether another parameter gives its task a width.
    """

    __slots__ = ("array", "broadcast", "several", "type", "width_elsewhere")

    def __init__(self, type: Shape, *, array: bool, broadcast: bool = False, several: bool = False) -> None:  # noqa: A002
        self.type = type
        self.array = array
        self.broadcast = broadcast
        self.several = several
        self.width_elsewhere = False


class Wiring(NamedTuple):
    """One way to join: see `reflow.graph.model.Input`."""

    mode: str
    deliver: str
    sources: tuple[Source, ...]

    @property
    def gives_width(self) -> bool:
        """Whether an array task has an instance for each element of it."""
        return self.deliver == "each"


Row: TypeAlias = "tuple[int, Wiring]"  # a row of the table, after whether the types fit there


class Ambiguous:
    """Ways to join that types with Any cannot decide between."""

    __slots__ = ("wirings",)

    def __init__(self, wirings: tuple[Wiring, ...]) -> None:
        self.wirings = wirings


def wire(upstreams: list[Upstream], wanted: Wanted) -> Wiring | Ambiguous | None:
    """Return how a parameter is joined to the tasks that it takes from.

    Rows of the table are tried in order, exact types before Any.

    Returns:
        `Ambiguous` when several rows fit, but only through Any; None when no row fits.
    """
    rows = _several(upstreams, wanted) if wanted.several else _rows(upstreams[0], wanted)
    for fit, wiring in rows:
        if fit == EXACT:
            return wiring
    open_rows = tuple(dict.fromkeys(wiring for fit, wiring in rows if fit == THROUGH_ANY))
    if len(open_rows) > 1:
        return Ambiguous(open_rows)
    return open_rows[0] if open_rows else None


def _rows(upstream: Upstream, wanted: Wanted) -> list[Row]:
    if wanted.broadcast:
        return _broadcast_rows(upstream, wanted)
    if upstream.array:
        return (
            _from_array_to_array(upstream, wanted) if wanted.array else _from_array_to_job(upstream, wanted)
        )
    if wanted.array:
        return _from_job_to_array(upstream, wanted)
    return [_row(upstream.returns, wanted, "direct", "value", upstream, "value")]


def _broadcast_rows(upstream: Upstream, wanted: Wanted) -> list[Row]:
    if upstream.array:
        return [_row(list_of(upstream.returns), wanted, "broadcast", "list", upstream, "elements")]
    return [_row(upstream.returns, wanted, "broadcast", "value", upstream, "value")]


def _from_job_to_array(upstream: Upstream, wanted: Wanted) -> list[Row]:
    rows = []
    returns, item = upstream.returns, item_of(upstream.returns)
    if item is not None:
        rows.append(_row(item, wanted, "fan-out", "each", upstream, "items"))
    if (item is not None and item_of(wanted.type) is not None) or wanted.width_elsewhere:
        rows.append(_row(returns, wanted, "broadcast", "value", upstream, "value"))
    return rows


def _from_array_to_job(upstream: Upstream, wanted: Wanted) -> list[Row]:
    rows = [_list_row(upstream.returns, wanted, "gather", upstream, "elements")]
    item = item_of(upstream.returns)
    if item is not None:
        rows.append(_list_row(item, wanted, "gather-flatten", upstream, "flat"))
    return rows


def _from_array_to_array(upstream: Upstream, wanted: Wanted) -> list[Row]:
    rows = [_row(upstream.returns, wanted, "chain", "each", upstream, "elements")]
    item = item_of(upstream.returns)
    if item is not None:
        rows.append(_row(item, wanted, "flatten-fan-out", "each", upstream, "flat"))
    return rows


def _row(given: Shape, wanted: Wanted, mode: str, deliver: str, upstream: Upstream, part: str) -> Row:
    return fits(given, wanted.type), Wiring(mode, deliver, (Source(upstream.name, part),))


def _list_row(element: Shape, wanted: Wanted, mode: str, upstream: Upstream, part: str) -> Row:
    fit, wiring = _row(list_of(element), wanted, mode, "list", upstream, part)
    return (min(fit, THROUGH_ANY) if element.kind == "any" else fit), wiring


def _several(upstreams: list[Upstream], wanted: Wanted) -> list[Row]:
    """Rows for ``steps``: one after the other; each whole, for a job, or one element for each instance."""
    rows = []
    if wanted.array and not wanted.broadcast:
        rows.append(_concatenated(upstreams, wanted.type, "fan-out", "each"))
    if (item := item_of(wanted.type)) is not None:
        mode = "broadcast" if wanted.array else "gather"
        rows.append(_concatenated(upstreams, item, mode, "list"))
    return rows


def _concatenated(upstreams: list[Upstream], element: Shape, mode: str, deliver: str) -> Row:
    fit, sources = EXACT, []
    for upstream in upstreams:
        item = None if upstream.array else item_of(upstream.returns)
        fit = min(fit, fits(upstream.returns if item is None else item, element))
        if item is upstream.returns:  # Any: one value, or a list of them
            fit = min(fit, NO)
        part = "elements" if upstream.array else "value" if item is None else "items"
        sources.append(Source(upstream.name, part))
    return fit, Wiring(mode, deliver, tuple(sources))
