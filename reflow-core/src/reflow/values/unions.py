"""A value of one of several shapes: the one that is made for its exact type is asked first."""

from __future__ import annotations

from collections.abc import Iterator

from reflow.values.coder import Coder
from reflow.values.misfit import Misfit, TooDeep, expected, unexpected
from reflow.values.tagged import Tagged, tag_of


class _Listed(list[object]):
    """What an iterator yielded: every member can look at it, only an Iterable takes it."""


def union_coder(members: tuple[Coder, ...], label: str) -> Coder:
    """Return the coder of a union.

    Decoding asks each member first without widening, so that 1 under ``float | int`` stays 1.
    """

    def encode(value: object, depth: int) -> Tagged:
        if isinstance(value, Iterator):
            value = _Listed(value)
        exact = [member for member in members if type(value) in member.types]
        misfits = []
        for member in [*exact, *(member for member in members if member not in exact)]:
            try:
                return member.encode(value, depth)
            except TooDeep:
                raise
            except Misfit as misfit:
                misfits.append(misfit)
        raise misfits[0] if len(exact) == 1 else expected(label, value)

    def decode(node: Tagged, widen: bool) -> object:
        exact = [member for member in members if tag_of(node) in member.tags]
        ordered = [*exact, *(member for member in members if member not in exact)]
        misfits = []
        for wide in (False, True) if widen else (False,):
            for member in ordered:
                try:
                    return member.decode(node, wide)
                except Misfit as misfit:
                    misfits.append(misfit)
        raise misfits[-len(ordered)] if len(exact) == 1 else unexpected(label, node)

    return Coder(
        encode,
        decode,
        frozenset().union(*(member.types for member in members)),
        frozenset().union(*(member.tags for member in members)),
        frozenset().union(*(member.plain for member in members)),
    )
