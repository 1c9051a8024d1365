"""Outcomes survive being written and read, and damage is seen."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from reflow.rundir.outcomes import (
    Outcome,
    end_line,
    list_segments,
    parse_name,
    part_name,
    read_segment,
    segment_name,
    start_line,
)

numbers = st.integers(0, 10**13)
ends = st.builds(
    Outcome,
    st.just("e"),
    numbers,
    st.integers(1, 99),
    st.sampled_from(["succeeded", "failed", "cancelled", "interrupted"]),
    numbers,
    numbers,
    st.none() | st.text().map(json.dumps),
    st.none() | st.binary(min_size=32, max_size=32),
    st.none() | st.binary(max_size=64),
    st.text(),
    st.booleans(),
    st.text(min_size=1),
    st.none() | st.just('{"type": "ValueError"}'),
    st.text(),
    st.text(),
    st.booleans(),
    st.integers(0, 10**9),
)


def file_of(sub, data, name="0.0.0.jsonl"):
    path = os.path.join(sub.outcomes, name)
    Path(path).write_bytes(data)
    return path


@given(st.lists(ends, max_size=5))
def test_what_is_written_is_read(sub, given):
    data = b"".join(end_line(end, end.log, again=end.again) for end in given)

    assert read_segment(file_of(sub, data)) == (given, False)


def test_start_is_read(sub):
    path = file_of(sub, start_line(7, 2, 1000, 33))

    assert read_segment(path) == ([Outcome("s", 7, 2, "", 1000, 33)], False)


@given(st.data())
def test_any_changed_byte_is_seen_and_spares_the_other_lines(sub, data):
    lines = [start_line(index, 1, 5, 0) for index in range(3)]
    text = bytearray(b"".join(lines))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= data.draw(st.integers(1, 255))

    found, damaged = read_segment(file_of(sub, bytes(text)))

    assert damaged
    assert {outcome.index for outcome in found} <= {0, 1, 2}
    assert len(found) >= 1


def test_line_that_a_kill_cut_short_is_no_damage_in_a_part(sub):
    data = start_line(0, 1, 5, 0) + start_line(1, 1, 5, 0)[:-3]

    found, damaged = read_segment(file_of(sub, data, "0.0.part"))

    assert [outcome.index for outcome in found] == [0]
    assert not damaged


def test_line_that_was_cut_short_is_damage_in_a_sealed_segment(sub):
    data = start_line(0, 1, 5, 0)[:-3]

    assert read_segment(file_of(sub, data)) == ([], True)


@given(st.integers(0, 10**6), st.integers(0, 99), st.integers(0, 10**4))
def test_names_say_element_start_and_number(element, start, seq):
    assert parse_name(segment_name(element, start, seq)) == (element, start, seq)
    assert parse_name(part_name(element, start)) == (element, start, None)


def test_other_files_are_no_segments(sub):
    for name in ("0.0.0.jsonl.ab12.tmp", "x", "0.0.part.1.ab.tmp", "10.0.0.jsonl", "9.1.0.jsonl", "9.0.part"):
        file_of(sub, b"", name)

    assert list_segments(sub.outcomes) == ["9.1.0.jsonl", "10.0.0.jsonl"]
