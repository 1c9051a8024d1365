"""The two directions of one shape, compiled."""

from __future__ import annotations

from collections.abc import Callable

from reflow.model.named_tuple import NamedTuple
from reflow.values.tagged import Tagged


class Coder(NamedTuple):
    """Encodes and decodes values of one shape.

    Attributes:
        encode: From a value and the number of containers around it.
        decode: From a tagged value, and whether it may be widened (int to float, tuple to list).
        types: The exact types that it is made for; the first coder that names a value's type is asked first.
        tags: The tags that these values have.
        plain: Types of values that stand as they are, in both directions.
    """

    encode: Callable[[object, int], Tagged]
    decode: Callable[[Tagged, bool], object]
    types: frozenset[type] = frozenset()
    tags: frozenset[str] = frozenset()
    plain: frozenset[type] = frozenset()
