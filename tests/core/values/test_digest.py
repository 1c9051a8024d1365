"""One text stands for each JSON value, and its hash for that text and its kind."""

from __future__ import annotations

import hashlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.values.digests import DIGEST_SIZE, canonical, digest, digest_many

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(json_values)
def test_canonical_text_reads_back_as_the_value(value):
    assert json.loads(canonical(value)) == value


@given(json_values)
def test_canonical_text_is_ascii(value):
    assert canonical(value).isascii()


@given(st.dictionaries(st.text(), st.integers()))
def test_the_order_of_keys_is_no_change(value):
    assert digest("a", dict(reversed(value.items()))) == digest("a", value)


def test_values_of_two_kinds_never_digest_alike():
    assert digest("a", 1) != digest("b", 1)
    assert digest("a", "b") != digest("ab", "")
    assert digest_many("a", []) != digest_many("b", [])


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf]], ids=str)
def test_numbers_that_are_no_json_are_refused(value):
    with pytest.raises(ValueError, match="Out of range"):
        digest("a", value)


@pytest.mark.parametrize("value", [{1, 2}, b"a", object()], ids=lambda value: type(value).__name__)
def test_nothing_is_hashed_by_its_repr(value):
    with pytest.raises(TypeError):
        digest("a", value)


@given(st.lists(st.binary(min_size=DIGEST_SIZE, max_size=DIGEST_SIZE), max_size=4))
def test_a_sequence_digests_as_its_parts_in_order(parts):
    assert digest_many("a", parts) == hashlib.sha256(b"a\0" + b"".join(parts)).digest()


def test_digests_stay_the_same_between_releases():
    assert digest("value", ["a.nc"]).hex()[:12] == "fc3c2d9af54a"
    assert len(digest("value", None)) == DIGEST_SIZE
