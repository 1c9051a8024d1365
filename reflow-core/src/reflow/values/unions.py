"""A value of one of several shapes: the one that is made for its exact type is asked first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reflow.values.coder import Coder, Misfit, TooDeep, expected, unexpected
from reflow.values.tagged import Tagged, tag_of


class _Listed(list[object]):
    """What an iterator yielded: every member can look at it, only an Iterable takes it."""


class _Ordered(dict[Any, tuple[int, tuple[Coder, ...]]]):
    """For a type or tag: how many members are made for it, and all members, those first."""

    def __init__(self, members: tuple[Coder, ...], attribute: str) -> None:
        super().__init__()
        self._members = members
        self._attribute = attribute

    def __missing__(self, key: Any) -> tuple[int, tuple[Coder, ...]]:
        exact = [member for member in self._members if key in getattr(member, self._attribute)]
        rest = [member for member in self._members if key not in getattr(member, self._attribute)]
        self[key] = answer = len(exact), (*exact, *rest)
        return answer


def union_coder(members: tuple[Coder, ...], label: str) -> Coder:
    """Return the coder of a union.

    Decoding asks each member first without widening, so that 1 under ``float | int`` stays 1.
    """

    by_type = _Ordered(members, "types")
    by_tag = _Ordered(members, "tags")

    def encode(value: object, depth: int) -> Tagged:
        if isinstance(value, Iterator):
            value = _Listed(value)
        exact, ordered = by_type[type(value)]
        first: Misfit | None = None
        for member in ordered:
            try:
                return member.encode(value, depth)
            except TooDeep:
                raise
            except Misfit as misfit:
                first = first or misfit
        raise first if first and exact == 1 else expected(label, value)

    def decode(node: Tagged, widen: bool) -> object:
        exact, ordered = by_tag[tag_of(node)]
        first: Misfit | None = None
        for wide in (False, True) if widen else (False,):
            first = None
            for member in ordered:
                try:
                    return member.decode(node, wide)
                except Misfit as misfit:
                    first = first or misfit
        raise first if first and exact == 1 else unexpected(label, node)

    return Coder(
        encode,
        decode,
        frozenset().union(*(member.types for member in members)),
        frozenset().union(*(member.tags for member in members)),
        frozenset().union(*(member.plain for member in members)),
    )
