"""Whether a tagged value is what a type allows, told by its grammar alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple, Optional, TypedDict, Union

import pytest
from hypothesis import given

from reflow.errors import ValueMisfit
from reflow.testing.strategies import annotations_and_values
from reflow.values.codec import codec
from reflow.values.fits import misfit_of
from reflow.values.grammar import describe


class Pair(NamedTuple):
    left: int
    right: str = ""


class Nested(TypedDict, total=False):
    inner: Nested


@pytest.mark.parametrize(
    ("made_by", "value", "now", "misfit"),
    [
        (list[int], [1], list[str], "[0]: expected str, got int 1"),
        (list[int], [], list[str], ""),
        (int, 1, Optional[int], ""),
        (int, 1, float, ""),
        (float, 1.5, int, "expected int, got float 1.5"),
        (int, 1, list[int], "expected list[int], got int 1"),
        (list[int], [1], tuple[int, ...], ""),
        (tuple[int, ...], (1, 2), tuple[int], "expected tuple[int], got tuple (1, 2)"),
        (dict[str, int], {"a": 1}, dict[str, str], "['a']: expected str, got int 1"),
        (Path, Path("/a"), str, "expected str, got "),
        (str, "a", Literal["a", "b"], ""),
        (str, "\ud83d\ude00", list[str] | str, ""),
        (str, "c", Literal["a", "b"], "expected Literal['a', 'b'], got str 'c'"),
        (Pair, Pair(1), Pair, ""),
        (list[Pair], [Pair(1)], list[Union[int, Pair]], ""),
        (Pair, Pair(1), int, "expected int, got "),
        (Nested, {"inner": {"inner": {}}}, Nested, ""),
        (set[int], {1}, Any, ""),
        (set[int], {1}, list[int], "expected list[int], got set {1}"),
    ],
)
def test_a_value_fits_where_a_reader_of_the_type_would_take_it(made_by, value, now, misfit):
    told = misfit_of(describe(now), codec(made_by).encode(value))

    assert told.startswith(misfit) if misfit else told == ""


@given(annotations_and_values(), annotations_and_values())
def test_what_a_reader_takes_fits_and_what_was_made_by_a_type_fits_it(one, other):
    (made_by, value), (now, _) = one, other
    tagged = codec(made_by).encode(value)

    assert misfit_of(describe(made_by), tagged) == ""
    try:
        codec(now).decode(tagged)
    except ValueMisfit:
        return
    assert misfit_of(describe(now), tagged) == ""
