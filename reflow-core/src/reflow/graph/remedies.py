"""What to write instead, where two tasks do not fit."""

from __future__ import annotations

from collections.abc import Iterator

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
    if (namesakes := _namesakes(upstreams, wanted)) is not None:
        return _namesakes_hint(*namesakes)
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


def _namesakes(upstreams: list[Upstream], wanted: Wanted) -> tuple[type, type] | None:
    """Two classes of one name, of which one is returned and the other is wanted: the name alone tells nobody why."""
    taken = {cls.__qualname__: cls for cls in _classes(wanted.type)}
    for upstream in upstreams:
        for cls in _classes(upstream.returns):
            other = taken.get(cls.__qualname__, cls)
            if other is not cls:
                return cls, other
    return None


def _classes(shape: Shape) -> Iterator[type]:
    found = shape.type.annotation if shape.kind == "adapter" else shape.type
    if isinstance(found, type):
        yield found
    for part in shape.parts:
        yield from _classes(part)


def _namesakes_hint(returned: type, taken: type) -> str:
    name = returned.__qualname__
    if returned.__module__ != taken.__module__:
        return (
            f"these are two classes, {name} of {returned.__module__} and {name} of {taken.__module__}; "
            f"import one of them in both places"
        )
    return (
        f"these are two classes, since {name} was defined again after one of the tasks; "
        f"define both tasks again too (run their cells)"
    )


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
