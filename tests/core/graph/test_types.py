"""Whether one type may be given where another is wanted."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, Optional, TypedDict, Union

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.graph.types import EXACT, NO, THROUGH_ANY, Shapes, fits
from reflow.testing.strategies import annotations_and_values
from reflow.values.codec import codec
from reflow.values.shapes import no_adapters


@dataclass
class Base:
    x: int


@dataclass
class Derived(Base):
    y: int = 0


class Pair(NamedTuple):
    x: int
    y: int


class Options(TypedDict):
    x: int


class Colour(enum.Enum):
    RED = 1


class Number(int, enum.Enum):
    ONE = 1


Name = NewType("Name", str)


def fit(produced, wanted):
    shapes = Shapes(no_adapters)
    return fits(shapes.of(produced), shapes.of(wanted))


@pytest.mark.parametrize(
    ("produced", "wanted"),
    [
        (bool, int),
        (bool, float),
        (int, float),
        (int, Optional[int]),
        (Literal["a"], str),
        (Literal["a"], Literal["a", "b"]),
        (Literal[1], float),
        (Literal[Colour.RED], Colour),
        (Name, str),
        (str, Name),
        (Annotated[str, "unit"], str),
        (Union[int, bool], Union[float, str]),
        (list[bool], list[int]),
        (list[str], Sequence[str]),
        (list[str], Iterable[str]),
        (list[str], tuple[str, ...]),
        (tuple[str, ...], list[str]),
        (tuple[bool, str], tuple[int, str]),
        (dict[str, bool], dict[str, int]),
        (set[bool], set[int]),
        (datetime.datetime, datetime.date),
        (Base, Base),
        (Base, Union[Base, str]),
        (Options, Options),
        (numpy.float64, float),
        (numpy.int32, int),
        (numpy.int32, float),
        (dict[str, Any], dict[str, Any]),
        (None, Optional[int]),
    ],
    ids=str,
)
def test_fits(produced, wanted):
    assert fit(produced, wanted) == EXACT


@pytest.mark.parametrize(
    ("produced", "wanted"),
    [
        (int, bool),
        (float, int),
        (str, Path),
        (Path, str),
        (Optional[int], int),
        (str, Literal["a"]),
        (Literal["a", "b"], Literal["a"]),
        (Literal[1], Literal[True]),
        (Derived, Base),
        (Base, Derived),
        (Pair, tuple[int, int]),
        (Options, dict[str, int]),
        (Number, int),
        (Colour, Literal[Colour.RED]),
        (tuple[str, str], list[str]),
        (list[str], tuple[str, str]),
        (tuple[int, int], tuple[int, int, int]),
        (set[str], list[str]),
        (set[str], frozenset[str]),
        (datetime.date, datetime.datetime),
        (numpy.float64, int),
        (float, numpy.float64),
        (str, bytes),
        (str, list[str]),
    ],
    ids=str,
)
def test_does_not_fit(produced, wanted):
    assert fit(produced, wanted) == NO


@pytest.mark.parametrize(
    ("produced", "wanted"),
    [
        (Any, str),
        (str, Any),
        (Any, Any),
        (list[Any], list[str]),
        (list, list[int]),
        (object, int),
        (dict, dict[str, int]),
    ],
    ids=str,
)
def test_fits_through_any(produced, wanted):
    assert fit(produced, wanted) == THROUGH_ANY


@given(annotations_and_values(), st.data())
def test_what_fits_arrives(pair, data):
    produced, value = pair
    wanted, _ = data.draw(annotations_and_values())
    if fit(produced, wanted) != EXACT:
        return

    codec(wanted).decode(codec(produced).encode(value))


@given(annotations_and_values())
def test_every_type_fits_itself_its_optional_and_its_list(pair):
    hint, value = pair

    assert fit(hint, hint) >= THROUGH_ANY
    assert fit(hint, Optional[hint]) >= THROUGH_ANY
    assert fit(list[hint], Sequence[hint]) >= THROUGH_ANY
    codec(Optional[hint]).decode(codec(hint).encode(value))


class Grid: ...


class FineGrid(Grid): ...


class GridAdapter:
    name = "grid"


def test_types_of_one_adapter_fit_only_as_classes_do():
    shapes = Shapes(lambda annotation: GridAdapter() if annotation in (Grid, FineGrid, Pair) else None)

    assert fits(shapes.of(FineGrid), shapes.of(Grid)) == EXACT
    assert fits(shapes.of(Grid), shapes.of(FineGrid)) == NO
    assert fits(shapes.of(list[Grid]), shapes.of(list[Grid])) == EXACT
