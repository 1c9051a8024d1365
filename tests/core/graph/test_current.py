"""What stands for a value that no statement tells."""

from __future__ import annotations

from collections import Counter

import pytest

from reflow.graph.current import constant_text

ONES = [1, 1.0, True, "1", b"1", (1,), [1], {1}, frozenset({1}), {1: 1}, None, 1j, [[1]], [1, 1]]


def test_different_constants_have_different_texts():
    assert len({constant_text(one) for one in ONES}) == len(ONES)


def test_the_order_of_a_set_is_none():
    one, other = set(), set()
    one.update([0, 8])  # which share a place, so that the first to come is the first
    other.update([8, 0])

    assert list(one) != list(other)
    assert constant_text(one) == constant_text(other)


def holds_itself():
    found = []
    found.append(found)
    return found


@pytest.mark.parametrize(
    "value",
    [object(), [object()], {"a": [object()]}, range(3), [[0] * 100] * 100, list(range(2000)), holds_itself()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_short_constant_has_no_text(value):
    assert constant_text(value) is None


def test_a_kind_of_dict_is_told_from_a_dict():
    assert constant_text(Counter(a=1)) != constant_text({"a": 1})
