"""A payload gives back what was written to it, at any position."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.errors import RunDirError
from reflow.rundir.payload import Instance, Line, Payload, write_payload

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
instances = st.builds(
    Instance,
    st.integers(0, 10**6),
    st.integers(1, 9),
    st.dictionaries(st.text(min_size=1), json_values, max_size=3),
    st.integers(0, 3),
    st.binary(max_size=32).map(bytes.hex),
)


def _texts(values):
    return {name: json.dumps(value) for name, value in values.items()}


def written(sub, given, shared=None):
    for path in (sub.payload, sub.offsets, sub.shared):
        if os.path.exists(path):
            os.unlink(path)
    lines = (Line(i, a, _texts(values), r, bytes.fromhex(own)) for i, a, values, r, own in given)
    write_payload(sub, "convert", {k: json.dumps(v) for k, v in (shared or {}).items()}, lines, pack=3)
    return Payload(sub)


@given(st.lists(instances, min_size=1, max_size=8), st.dictionaries(st.text(min_size=1), json_values))
def test_reads_what_was_written(sub, given, shared):
    payload = written(sub, given, shared)

    assert (payload.task, payload.pack, payload.count) == ("convert", 3, len(given))
    assert payload.shared == shared
    assert list(payload.lines(0, len(given))) == given
    assert [payload.line(position) for position in range(len(given))] == given
    payload.close()


def test_large_lines_are_read_in_blocks(sub):
    given = [Instance(i, 1, {"text": str(i) * 300_000}) for i in range(9)]

    payload = written(sub, given)

    assert list(payload.lines(2, 8)) == given[2:8]


def test_position_that_is_not_there_is_an_error_with_the_count(sub):
    payload = written(sub, [Instance(0, 1, {})])

    with pytest.raises(RunDirError, match="payload of 1 instances"):
        payload.line(1)


def test_files_are_private_whatever_the_umask(sub):
    before = os.umask(0)
    try:
        written(sub, [Instance(0, 1, {})])
    finally:
        os.umask(before)

    assert {os.stat(path).st_mode & 0o777 for path in (sub.payload, sub.offsets, sub.shared)} == {0o600}


def test_missing_payload_names_its_directory(sub):
    shutil.rmtree(sub.directory)

    with pytest.raises(RunDirError, match=sub.directory):
        Payload(sub)
