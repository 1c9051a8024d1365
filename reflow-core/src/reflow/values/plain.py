"""Tagged values by their tags alone: for those who have no annotation and must import nothing for data."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from reflow.values.coder import Misfit
from reflow.values.numpy_scalars import plain_numpy
from reflow.values.scalars import read_scalar
from reflow.values.tagged import Tagged, tag_of


def decode_plain(tagged: Tagged) -> Any:
    """Return the value as far as its tags tell.

    A record becomes a ``types.SimpleNamespace``, a member of an Enum its name, a scalar of numpy Python's nearest,
    what an adapter made its JSON, a secret ``"***"``. What cannot be a key or an item of a set becomes its text.

    Raises:
        ValueMisfit: It is no tagged value.
    """
    try:
        return _plain(tagged)
    except Misfit as misfit:
        raise misfit.error() from misfit.__cause__


def _plain(node: Tagged) -> Any:
    if type(node) is list:
        return [_plain(item) for item in node]
    tag = tag_of(node)
    if tag == "?":
        raise Misfit(f"{str(node)[:60]!r} is no value of reflow")
    if not tag.startswith("$"):
        return node
    rule = _RULES.get(tag)
    return rule(node[tag]) if rule else read_scalar(tag, node[tag])


def _record(content: list[Any]) -> SimpleNamespace:
    return SimpleNamespace(**{name: _plain(value) for name, value in content[1].items()})


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


_RULES: dict[str, Callable[[Any], Any]] = {
    "$tuple": lambda items: tuple(map(_plain, items)),
    "$set": lambda items: {_hashable(_plain(item)) for item in items},
    "$frozenset": lambda items: frozenset(_hashable(_plain(item)) for item in items),
    "$dict": lambda pairs: {_hashable(_plain(key)): _plain(value) for key, value in pairs},
    "$record": _record,
    "$enum": lambda content: content[1],
    "$numpy": plain_numpy,
    "$adapter": lambda content: content[1],
    "$secret": lambda content: "***",
}
