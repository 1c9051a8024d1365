"""A value is shown in one short line, whatever is in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.testing.strategies import tagged_values
from reflow.values.show import show


@given(tagged_values(), st.integers(5, 80))
def test_a_value_is_one_line_of_the_given_length(tagged, limit):
    text = show(tagged, limit)

    assert len(text) <= limit
    assert text.isprintable()
    text.encode()


@pytest.mark.parametrize(
    ("tagged", "text"),
    [
        ("b.nc", "'b.nc'"),
        (256, "256"),
        (None, "None"),
        ({"$float": "0.5"}, "0.5"),
        ([1, "a", [None]], "[1, 'a', [None]]"),
        ({"$tuple": [1]}, "(1,)"),
        ({"$set": [1, 2]}, "{1, 2}"),
        ({"$set": []}, "set()"),
        ({"$dict": [["a", 1]]}, "{'a': 1}"),
        ({"$path": ["/data/a.nc", ["file", 1, 2]]}, "'/data/a.nc'"),
        ({"$enum": ["flow:Color", "RED"]}, "RED"),
        ({"$record": ["flow:Point", {"x": 1, "y": "b"}]}, "Point(x=1, y='b')"),
        ({"$record": ["flow:f.<locals>.Point", {}]}, "Point()"),
        ({"$secret": "9f"}, "***"),
        ({"$timedelta": [1, 3723, 0]}, "1d 1:02:03"),
        ({"$complex": ["0.0", "-1.0"]}, "0.0-1.0j"),
        ({"$numpy": ["float32", "0.5"]}, "0.5"),
        ({"$numpy": ["bool", "0"]}, "False"),
        ({"$numpy": ["complex64", "1.0 -2.0"]}, "1.0-2.0j"),
        ({"$numpy": ["str", "a\nb"]}, r"'a\nb'"),
        ({"$numpy": ["M8[D]", "18262"]}, "2020-01-01"),
        ({"$numpy": ["m8[D]", "3"]}, "3 days"),
        ("a\nb", r"'a\nb'"),
        ({"$str": r"\ud83d\ude00"}, r"'\ud83d\ude00'"),
        ({"$numpy": ["str", {"$str": r"\udcff"}]}, r"'\udcff'"),
    ],
    ids=str,
)
def test_a_value_is_shown_as_it_would_be_written(tagged, text):
    assert show(tagged) == text


def test_a_long_list_is_shown_in_part():
    assert show([1, 2, 3] * 10_000, 20) == "[1, 2, 3, 1, 2, ..]"
    assert show("x" * 1_000_000, 10) == "'xxxxxxx.."
