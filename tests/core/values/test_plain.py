"""A value can be read by its tags alone, without a class of the user's."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given

from reflow.errors import ValueMisfit
from reflow.testing.strategies import tagged_values
from reflow.values.plain import decode_plain


@given(tagged_values())
def test_every_tagged_value_can_be_read(tagged):
    decode_plain(tagged)


@pytest.mark.parametrize(
    ("tagged", "value"),
    [
        ([1, "a", None, True], [1, "a", None, True]),
        ({"$path": ["/a", ["file", 1, 2]]}, Path("/a")),
        ({"$date": "2025-01-31"}, dt.date(2025, 1, 31)),
        ({"$tuple": [{"$float": "1.5"}]}, (1.5,)),
        ({"$dict": [["a", {"$set": [1]}]]}, {"a": {1}}),
        ({"$enum": ["nowhere:Color", "RED"]}, "RED"),
        ({"$record": ["nowhere:Point", {"x": 1, "y": [2]}]}, SimpleNamespace(x=1, y=[2])),
        ({"$adapter": ["xarray", {"a": [1]}]}, {"a": [1]}),
        ({"$secret": "9f"}, "***"),
        ({"$numpy": ["float32", "0.5"]}, 0.5),
        ({"$numpy": ["complex64", "1.0 -2.0"]}, 1 - 2j),
        ({"$int": "-0xff"}, -255),
        ({"$str": r"\ud83d\ude00"}, "\ud83d\ude00"),
        ({"$numpy": ["str", {"$str": r"\udcff"}]}, "\udcff"),
    ],
    ids=str,
)
def test_a_tag_tells_what_to_make(tagged, value):
    assert decode_plain(tagged) == value
    assert type(decode_plain(tagged)) is type(value)


def test_a_record_as_a_key_does_not_stop_the_rest():
    key = {"$record": ["m:Point", {"x": 1}]}

    assert list(decode_plain({"$dict": [[key, 1]]}).values()) == [1]
    assert len(decode_plain({"$set": [key]})) == 1


@pytest.mark.parametrize("tagged", [1.5, {"a": 1}, {}, {"$unknown": 1}, {"$float": "x"}], ids=str)
def test_what_is_no_tagged_value_is_refused(tagged):
    with pytest.raises(ValueMisfit):
        decode_plain(tagged)
