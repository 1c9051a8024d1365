"""Scalars of numpy keep their type, and pass for Python's own."""

from __future__ import annotations

import json
from typing import Any, Union

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflow.errors import ParameterError, ValueMisfit
from reflow.values.codec import codec
from reflow.values.digests import value_digest
from reflow.values.grammar import describe, show_grammar
from reflow.values.plain import decode_plain
from reflow.values.text import parse_words

np = pytest.importorskip("numpy")

UNITS = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")
LONG = {"Y": "years", "M": "months", "W": "weeks", "D": "days", "h": "hours", "m": "minutes", "s": "seconds"}
VALUES = [
    np.bool_(True),
    np.int8(-3),
    np.uint64(2**64 - 1),
    np.float16(0.1),
    np.float32(0.1),
    np.float64(1) / 3,
    np.longdouble(1) / 3,
    np.float32("inf"),
    np.complex64(1 + 2j),
    np.complex128(0.1 - 0.2j),
    np.str_("é"),
    np.str_("\ud83d\ude00"),
    np.bytes_(b"\xff"),
    np.datetime64("2025-01-01T00:00:01", "s"),
    np.datetime64("NaT", "s"),
    np.timedelta64(3, "D"),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("loose", [False, True], ids=["exact", "any"])
def test_a_scalar_comes_back_as_it_was(value, loose):
    own = codec(Any if loose else type(value))
    decoded = own.decode(json.loads(json.dumps(own.encode(value))))

    assert type(decoded) is type(value)
    assert decoded.dtype == value.dtype
    assert decoded == value or np.isnat(value)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, np.int64(3)),
        (float, np.float64(0.5)),
        (float, np.float32(0.5)),
        (bool, np.bool_(False)),
        (str, np.str_("a")),
        (complex, np.complex64(1j)),
        (np.floating, np.float16(1)),
        (np.floating[Any], np.float32(1)),
        (np.generic, np.int8(1)),
        (Union[int, None], np.int64(1)),
    ],
    ids=repr,
)
def test_a_scalar_passes_for_pythons_own_type_and_stays_what_it_is(annotation, value):
    own = codec(annotation)
    decoded = own.decode(own.encode(value))

    assert type(decoded) is type(value)
    assert decoded == value


def test_a_scalar_is_widened_like_an_int():
    assert type(codec(float).decode(codec(int).encode(np.int64(3)))) is float
    assert type(codec(complex).decode(codec(float).encode(np.float64(3)))) is complex


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, np.float64(1)),
        (int, np.bool_(True)),
        (np.float32, np.float64(1)),
        (np.int64, 1),
        (str, np.bytes_(b"a")),
    ],
    ids=repr,
)
def test_a_scalar_of_another_kind_is_refused(annotation, value):
    with pytest.raises(ValueMisfit, match="expected"):
        codec(annotation).encode(value)


def test_a_scalar_is_not_the_number_that_it_equals():
    tagged = [codec(Any).encode(value) for value in (1, np.int64(1), np.int32(1), 1.0, np.float64(1))]

    assert len(set(map(value_digest, tagged))) == 5


def test_an_array_is_refused_under_any():
    for array in (np.zeros(3), np.array(3)):
        with pytest.raises(ValueMisfit, match="reflow cannot store"):
            codec(Any).encode(array)


def test_an_array_without_dimensions_is_no_number():
    with pytest.raises(ValueMisfit, match="expected int"):
        codec(int).encode(np.array(3))


def test_what_is_shown_without_numpy_is_pythons_nearest():
    plain = [decode_plain(codec(Any).encode(value)) for value in VALUES[:3]]

    assert [type(value) for value in plain] == [bool, int, int]
    assert plain == [True, -3, 2**64 - 1]


@settings(max_examples=300)
@given(
    st.sampled_from(UNITS),
    st.sampled_from(["M8", "m8"]),
    st.integers(-(10**12), 10**12),
    st.just(1) | st.integers(1, 50),
)
def test_what_is_shown_of_a_time_without_numpy_is_what_numpy_shows(unit, kind, count, several):
    value = np.int64(count).view(f"{kind}[{several}{unit}]")
    text = decode_plain(codec(Any).encode(value))

    assert text == str(value) or (kind == "M8" and text == f"{count * several} {LONG[unit]} since 1970")


@pytest.mark.parametrize(
    "value", [np.datetime64("NaT", "s"), np.timedelta64("NaT"), np.timedelta64(3)], ids=repr
)
def test_a_time_without_value_or_unit_is_shown_as_by_numpy(value):
    assert decode_plain(codec(Any).encode(value)) == str(value)


def test_the_type_is_described_by_its_name():
    assert describe(np.float32) == {"numpy": "float32"}
    assert show_grammar(describe(list[np.float32])) == "list[numpy.float32]"


@pytest.mark.parametrize(("word", "value"), [("False", False), ("no", False), ("true", True)])
def test_a_word_says_whether_a_switch_of_numpy_is_on(word, value):
    assert codec(np.bool_).decode(parse_words(describe(np.bool_), [word], "--x")) == np.bool_(value)
    assert codec(list[np.bool_]).decode(parse_words(describe(list[np.bool_]), [word], "--x")) == [
        np.bool_(value)
    ]


def test_a_word_that_says_neither_is_refused_for_a_switch_of_numpy():
    with pytest.raises(ParameterError, match="true or false"):
        parse_words(describe(np.bool_), ["maybe"], "--x")


@pytest.mark.parametrize(
    ("cls", "word"), [(np.float64, "1e999"), (np.float32, "-1e39"), (np.float16, "70000")]
)
def test_a_number_that_is_too_large_for_its_type_is_not_taken_for_infinity(cls, word):
    with pytest.raises(ParameterError, match="is larger than any such number; for infinity write: inf"):
        parse_words(describe(cls), [word], "--x")
    assert codec(cls).decode(parse_words(describe(cls), ["-inf"], "--x")) == cls("-inf")


def test_a_long_double_may_be_larger_than_a_float():
    assert codec(np.longdouble).decode(
        parse_words(describe(np.longdouble), ["1e400"], "--x")
    ) == np.longdouble("1e400")
