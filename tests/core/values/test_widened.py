"""What is widened stays as many values as it was."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from reflow.errors import ValueMisfit
from reflow.values.codec import codec

BIG = 2**53


@pytest.mark.parametrize(
    ("returned", "value", "wanted"),
    [
        (set[int], {BIG, BIG + 1}, set[float]),
        (frozenset[int], frozenset({BIG, BIG + 1}), frozenset[float]),
        (set[tuple[int, int]], {(BIG, 0), (BIG + 1, 0)}, set[tuple[float, int]]),
        (set[int], {BIG, BIG + 1}, Iterable[float]),
        (dict[int, str], {BIG: "a", BIG + 1: "b"}, dict[float, str]),
    ],
    ids=repr,
)
def test_items_that_would_become_one_are_no_value_of_the_wider_type(returned, value, wanted):
    tagged = codec(returned).encode(value)

    with pytest.raises(ValueMisfit, match=r"2 different items would be 1 in .*float"):
        codec(wanted).decode(tagged)
    assert codec(returned).decode(tagged) == value


def test_items_that_stay_apart_are_widened():
    assert codec(set[float]).decode(codec(set[int]).encode({1, BIG, BIG + 2})) == {1.0, 2.0**53, 2.0**53 + 2}
