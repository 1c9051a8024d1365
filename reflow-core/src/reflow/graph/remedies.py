"""What to write instead, where two tasks do not fit."""

from __future__ import annotations

from reflow.graph.types import item_of, list_of, show
from reflow.graph.wiring import Upstream, Wanted
from reflow.values.shapes import Shape


def what_returns(upstream: Upstream) -> str:
    """Return what a task returns, as the middle of a sentence."""
    if upstream.array:
        return f"each element of array task {upstream.name} returns {show(upstream.returns)}"
    return f"{upstream.name} returns {show(upstream.returns)}"


def ambiguous_hint(parameter: str, upstreams: list[Upstream]) -> str:
    """Return the remedy where Any leaves several ways open."""
    names = " and ".join(upstream.name for upstream in upstreams)
    return f"annotate {parameter} and what {names} returns with types that have no Any, such as list[str]"


def refusal_hint(parameter: str, upstreams: list[Upstream], wanted: Wanted) -> str:
    """Return the remedy where nothing fits: what to annotate, or what to return."""
    if wanted.several:
        return _several_hint(parameter, upstreams, wanted)
    upstream = upstreams[0]
    ways = []
    if (fitting := _fitting(upstream, wanted)) is not None:
        ways.append(f"annotate {parameter} as {show(fitting)}")
    if (returned := _returned(upstream, wanted)) is not None:
        ways.append(f"return {show(returned)} from {upstream.name}")
    if wanted.array and not upstream.array and not wanted.broadcast:
        ways.append(f"say broadcast=True to give every instance the whole {show(upstream.returns)}")
    return ", or ".join(ways)


def _fitting(upstream: Upstream, wanted: Wanted) -> Shape | None:
    """The type that the parameter could have, as the function of the other task stands."""
    if upstream.array and (wanted.broadcast or not wanted.array):
        return list_of(upstream.returns)
    if wanted.array and not upstream.array and not wanted.broadcast:
        return item_of(upstream.returns)
    return upstream.returns


def _returned(upstream: Upstream, wanted: Wanted) -> Shape | None:
    """The type that the other task could return, as the parameter stands."""
    if upstream.array and (wanted.broadcast or not wanted.array):
        return item_of(wanted.type)
    if wanted.array and not upstream.array and not wanted.broadcast:
        return list_of(wanted.type)
    return wanted.type


def _several_hint(parameter: str, upstreams: list[Upstream], wanted: Wanted) -> str:
    elements = {show(_element(upstream)) for upstream in upstreams}
    if any(upstream.returns.kind == "any" for upstream in upstreams):
        return "annotate what each step returns, so that it is known whether it is a list"
    element = elements.pop() if len(elements) == 1 else " | ".join(sorted(elements))
    whole = f"list[{element}]"
    fitting = f"{element} (one element each) or {whole} (all of them)" if wanted.array else whole
    return f"annotate {parameter} as {fitting}, or let all steps return what it wants"


def _element(upstream: Upstream) -> Shape:
    item = None if upstream.array else item_of(upstream.returns)
    return upstream.returns if item is None else item
