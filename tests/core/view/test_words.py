"""Times, counts and ranges read as people write them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.view.words import clock, duration, elements, first_line, plural, printable, ranges


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (401, "6m41s"),
        (7500, "2h05m"),
        (273600, "3d04h"),
        (-5, "0s"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(600, "0:10:00"), (36061, "10:01:01"), (129600, "1-12:00:00")])
def test_a_time_limit_is_written_as_schedulers_do(seconds, text):
    assert clock(seconds) == text


@given(st.sets(st.integers(0, 200)))
def test_ranges_name_each_index_and_no_other(indices):
    named = set()
    for part in filter(None, ranges(indices).split(",")):
        first, _, last = part.partition("-")
        named |= set(range(int(first), int(last or first) + 1))

    assert named == indices


def test_neighbours_are_joined():
    assert ranges([81, *range(80)]) == "0-79,81"


def test_a_plain_job_has_no_index():
    assert elements("merge", [0], array=False) == "merge"
    assert elements("convert", [7, 42]) == "convert[7,42]"
    assert elements("convert", [None]) == "convert"


def test_one_is_singular():
    assert (plural(1, "task"), plural(2, "task"), plural(0, "task")) == ("1 task", "2 tasks", "0 tasks")


@given(st.text())
def test_no_control_character_is_printed(text):
    for shown in (first_line(text), *printable(text).split("\n")):
        assert not [letter for letter in shown if unicodedata.category(letter) == "Cc"]


def test_control_characters_are_written_out():
    assert first_line("\n no \x1b[31mgrid\x07\x9b \nsee") == r"no \x1b[31mgrid\x07\x9b "
    assert printable("one\n\ttwo") == "one\n\\x09two"
    assert (first_line(None), first_line(" \n")) == ("", "")
