"""Equal values digest equally in every process and order; values that Python tells apart never do."""

from __future__ import annotations

import datetime
import enum
import os
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.testing.strategies import tagged_values
from reflow.values.codec import codec
from reflow.values.digests import digest, digest_many, item_digests, list_digest, value_digest
from reflow.values.items import items_of


class One(enum.Enum):
    ONE = 1


class Pair(NamedTuple):
    a: int


DIFFERENT = [
    None,
    False,
    0,
    1,
    1.0,
    True,
    "1",
    b"1",
    Path("/1"),
    "/1",
    1 + 0j,
    Decimal("1"),
    Decimal("1.0"),
    (1,),
    [1],
    [[1]],
    {1},
    frozenset({1}),
    {1: 1},
    {"1": 1},
    One.ONE,
    "ONE",
    Pair(1),
    0.0,
    -0.0,
    float("nan"),
    "nan",
    float("inf"),
    datetime.date(2025, 1, 1),
    datetime.datetime(2025, 1, 1),
    "2025-01-01",
    datetime.time(0),
    datetime.timedelta(1),
    UUID(int=1),
    [],
    (),
    set(),
    frozenset(),
    {},
    "",
    b"",
    [None],
    ["a", "b"],
    ["ab"],
    [["a"], "b"],
    {1: 2, 3: 4},
    {1: 4, 3: 2},
    10**700,
    hex(10**700),
    "\U0001f600",
    "\ud83d\ude00",
    "\\ud83d\\ude00",
    ["\U0001f600"],
    ["\ud83d\ude00"],
    {"\U0001f600": 1},
    {"\ud83d\ude00": 1},
]


def digest_of(value):
    return value_digest(codec(Any).encode(value))


def test_values_that_python_tells_apart_differ():
    known: dict[bytes, Any] = {}
    alike = [
        (value, known[key])
        for value in DIFFERENT
        if (key := digest_of(value)) in known or known.update({key: value})
    ]

    assert alike == []


def test_nan_is_like_nan():
    assert digest_of(float("nan")) == digest_of(-float("nan"))


@given(st.dictionaries(st.text() | st.integers(), st.integers() | st.lists(st.text())))
def test_the_order_of_a_dict_is_no_change(values):
    assert digest_of(dict(reversed(values.items()))) == digest_of(values)


@given(st.lists(st.integers() | st.text() | st.none(), unique_by=repr))
def test_the_order_of_a_set_is_no_change(values):
    backwards: Any = {"$set": list(reversed(values))}

    assert value_digest(backwards) == value_digest({"$set": values})


def test_the_order_of_a_dict_inside_a_record_is_no_change():
    one: Any = {"$record": ["m:R", {"a": {"$dict": [["x", 1], ["y", 2]]}, "b": 3}]}
    other: Any = {"$record": ["m:R", {"b": 3, "a": {"$dict": [["y", 2], ["x", 1]]}}]}

    assert value_digest(one) == value_digest(other)


def test_the_order_of_a_list_is_a_change():
    assert digest_of([1, 2]) != digest_of([2, 1])
    assert digest_of((1, 2)) != digest_of((2, 1))


def test_the_stamp_of_a_path_is_part_of_it():
    stamps: list[Any] = [None, ["file", 1, 2], ["file", 1, 3], ["missing"]]

    assert len({value_digest({"$path": ["/a", stamp]}) for stamp in stamps}) == 4


@given(st.lists(tagged_values(max_leaves=3), max_size=4))
def test_a_list_digests_as_the_digest_of_its_items_digests(items):
    each = [value_digest(item) for item in items]

    assert item_digests(items) == each
    assert value_digest(items) == list_digest(each) == digest_many("list", each)
    assert value_digest({"$tuple": items}) == digest_many("tuple", each)
    assert item_digests({"$tuple": items}) == each


@given(st.lists(st.integers() | st.booleans() | st.none() | st.text(), min_size=1))
def test_the_short_way_for_plain_lists_gives_what_the_long_way_gives(items):
    assert item_digests(items) == [digest("value", item) for item in items]


@pytest.mark.parametrize("tagged", [None, 1, "abc", {"$set": [1]}, {"$dict": []}, {"$float": "1.0"}], ids=str)
def test_only_lists_and_tuples_have_items(tagged):
    assert item_digests(tagged) is None


def test_items_are_those_of_lists_and_tuples():
    assert items_of([1, 2]) == items_of({"$tuple": [1, 2]}) == [1, 2]


def test_a_list_of_a_list_is_no_list_of_its_items():
    assert digest_of([[1, 2]]) != digest_of([1, 2])


def test_a_sequence_digests_by_what_it_is():
    own = codec(Sequence[int])

    assert value_digest(own.encode([1])) != value_digest(own.encode((1,)))


def test_digests_do_not_depend_on_the_process():
    program = (
        "from reflow.values.codec import codec\nfrom reflow.values.digests import value_digest\n"
        "from typing import Any\n"
        "print(value_digest(codec(Any).encode({'a', 'b', ('c', 1.5)})).hex())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert seen == {digest_of({"a", "b", ("c", 1.5)}).hex() + "\n"}


def test_digests_stay_the_same_between_releases():
    value = [1, 2.5, "a\ud800", None, True, (1,), {"b": {2, 1}, "a": b"x"}]

    assert digest_of(value).hex()[:16] == "ff4aa0c98852d9c4"
