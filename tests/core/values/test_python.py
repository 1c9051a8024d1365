"""A parameter is the same from Python as from the command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Optional, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.errors import ParameterError
from reflow.testing.strategies import annotations_and_values
from reflow.values.codec import codec
from reflow.values.grammar import describe
from reflow.values.python import parameter_value, settle
from reflow.values.text import parse_words


@dataclass
class Period:
    first: int
    last: float = 9
    files: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("it ends before it begins")


@dataclass
class Tree:
    size: float = 0.0
    twin: Optional[Tree] = None
    below: list[Tree] = field(default_factory=list)


class Nested(TypedDict, total=False):
    size: float
    inner: Nested


class Point(NamedTuple):
    x: float


def from_python(annotation, value):
    return parameter_value(codec(annotation), describe(annotation), value, "x")


def from_words(annotation, *words):
    grammar = describe(annotation)
    return settle(codec(annotation), grammar, parse_words(grammar, words, "--x"), "--x")


@pytest.mark.parametrize(
    ("annotation", "value", "words"),
    [
        (float, 1, ["1"]),
        (Optional[float], 1, ["1"]),
        (complex, 1, ["1"]),
        (int, True, ["1"]),
        (list[float], [1, 2.5], ["1", "2.5"]),
        (set[float], {1, 2}, ["2", "1"]),
        (Sequence[int], (1, 2), ["1", "2"]),
        (tuple[float, str], (1, "a"), ["1", "a"]),
        (dict[str, float], {"a": 1}, ['{"a": 1}']),
        (Point, Point(1), ['{"x": 1}']),
        (Period, Period(1), ['{"first": 1}']),
        (Path, "a.nc", ["a.nc"]),
        (Path, Path("a.nc"), ["a.nc"]),
        (list[Path], ["a.nc", Path("/b")], ["a.nc", "/b"]),
        (tuple[Path, int], ("a.nc", 1), ["a.nc", "1"]),
        (frozenset[Path], frozenset({"a.nc"}), ["a.nc"]),
        (Iterable[Path], ["~/a.nc"], ["~/a.nc"]),
        (dict[str, Optional[Path]], {"a": "a.nc", "b": None}, ['{"a": "a.nc", "b": null}']),
        (dict[str, list[Path]], {"a": [Path("~/a.nc")]}, ['{"a": ["~/a.nc"]}']),
        (Tree, Tree(1, Tree(2), [Tree(3)]), ['{"size": 1, "twin": {"size": 2}, "below": [{"size": 3}]}']),
        (Nested, {"inner": {"inner": {"size": 1}}}, ['{"inner": {"inner": {"size": 1}}}']),
        (Any, [1, 2.5], ["[1, 2.5]"]),
    ],
    ids=repr,
)
def test_the_same_value_is_the_same_from_both(annotation, value, words):
    assert from_python(annotation, value) == from_words(annotation, *words)


@given(st.floats(allow_nan=False) | st.integers(-(10**9), 10**9))
def test_numbers_are_the_same_from_both(number):
    assert from_python(float, number) == from_words(float, repr(number))


@given(annotations_and_values())
def test_a_normalised_value_stays_as_it_is(drawn):
    annotation, value = drawn
    own, grammar = codec(annotation), describe(annotation)
    tagged = parameter_value(own, grammar, value, "x")

    assert settle(own, grammar, tagged, "x") == tagged


def test_scalars_of_numpy_become_pythons_own():
    np = pytest.importorskip("numpy")

    assert from_python(int, np.int64(3)) == 3
    assert from_python(float, np.float32(0.5)) == {"$float": "0.5"}
    assert from_python(float, np.int8(1)) == {"$float": "1.0"}
    assert from_python(list[bool], [np.bool_(True)]) == [True]


def test_paths_from_python_know_the_home_too(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")

    assert from_python(Path, "~/a") == from_python(Path, Path("~/a")) == {"$path": ["/home/me/a", None]}
    assert from_python(Path, "a") == {"$path": [f"{os.getcwd()}/a", None]}


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (
            Literal["era5", "icon"],
            "nonsense",
            "x takes Literal['era5', 'icon'], not str 'nonsense'\nchoose from era5, icon",
        ),
        (int, "5", "x takes int, not str '5'\nexpected int, got str '5'"),
        (str, None, "x takes str, not None\nexpected str, got None"),
        (list[int], [1, "a"], "x takes list[int], not list [1, 'a']\n[1]: expected int, got str 'a'"),
        (Path, 3, "x takes Path, not int 3\nexpected Path, got int 3"),
        (bool, 1, "x takes bool, not int 1\nexpected bool, got int 1"),
    ],
    ids=repr,
)
def test_a_value_of_another_type_is_refused(annotation, value, message):
    with pytest.raises(ParameterError) as caught:
        from_python(annotation, value)

    assert str(caught.value) == message


def test_a_secret_is_not_shown():
    with pytest.raises(ParameterError) as caught:
        parameter_value(codec(int), describe(int), "hunter2", "token", secret=True)

    assert str(caught.value) == "token takes int, not ***"


def test_the_class_of_a_record_may_refuse_words():
    with pytest.raises(
        ParameterError, match="Period could not be made: ValueError: it ends before it begins"
    ):
        from_words(Period, '{"first": 1, "last": 0}')
