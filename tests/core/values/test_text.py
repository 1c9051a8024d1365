"""Words of the command line become values, or an error that says what to write."""

from __future__ import annotations

import datetime as dt
import enum
import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple, Optional, TypedDict, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.errors import ParameterError
from reflow.values.codec import codec
from reflow.values.grammar import describe
from reflow.values.spelled import to_words
from reflow.values.text import choices, is_flag, parse_words, takes_many


class Color(enum.Enum):
    RED = 1
    GREEN = 2


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass
class Period:
    first: int
    last: float = 9.0
    files: list[Path] = field(default_factory=list)
    color: Optional[Color] = None


class Point(NamedTuple):
    x: int
    y: int = 0


class Options(TypedDict, total=False):
    chunk: int


def parse(annotation, *words):
    return codec(annotation).decode(parse_words(describe(annotation), words, "--x"))


def refusal(annotation, *words):
    with pytest.raises(ParameterError) as caught:
        parse_words(describe(annotation), words, "--x")
    return str(caught.value)


@pytest.mark.parametrize(
    ("annotation", "words", "value"),
    [
        (int, ["-5"], -5),
        (float, ["5"], 5.0),
        (float, ["-inf"], float("-inf")),
        (complex, ["1 + 2j"], 1 + 2j),
        (str, ["null"], "null"),
        (str, [""], ""),
        (str, ["@file"], "@file"),
        (str, ["\udcff"], "\udcff"),
        (Literal["\udcff"], ["\udcff"], "\udcff"),
        (bool, ["no"], False),
        (bytes, ["é"], "é".encode()),
        (Path, ["/a/b"], Path("/a/b")),
        (dt.date, ["2025-01-31"], dt.date(2025, 1, 31)),
        (dt.time, ["13:30"], dt.time(13, 30)),
        (dt.datetime, ["2025-01-31T13:30:00Z"], dt.datetime(2025, 1, 31, 13, 30, tzinfo=dt.timezone.utc)),
        (dt.datetime, ["2025-01-31"], dt.datetime(2025, 1, 31)),
        (dt.timedelta, ["P1DT2H"], dt.timedelta(days=1, hours=2)),
        (dt.timedelta, ["-PT0.5S"], dt.timedelta(seconds=-0.5)),
        (uuid.UUID, [str(uuid.UUID(int=3))], uuid.UUID(int=3)),
        (Decimal, ["0.10"], Decimal("0.10")),
        (Color, ["RED"], Color.RED),
        (Rights, ["WRITE|READ"], Rights.READ | Rights.WRITE),
        (Literal["a", 1, True, None, Color.RED], ["1"], 1),
        (Literal["a", 1, True, None, Color.RED], ["true"], True),
        (Literal["a", 1, True, None, Color.RED], ["RED"], Color.RED),
        (Optional[int], ["5"], 5),
        (Optional[list[int]], ["5"], [5]),
        (Optional[str], ["none"], "none"),
        (list[int], ["1", "2"], [1, 2]),
        (list[int], [], []),
        (list[str], ["a b", "-c"], ["a b", "-c"]),
        (Sequence[float], ["1"], [1.0]),
        (set[int], ["2", "1", "2"], {1, 2}),
        (tuple[int, str], ["1", "1"], (1, "1")),
        (tuple[int, ...], ["1", "2"], (1, 2)),
        (list[list[int]], ["[1, 2]", "[]"], [[1, 2], []]),
        (dict[str, int], ['{"a": 1}'], {"a": 1}),
        (dict[int, Optional[Path]], ['{"1": "/a", "2": null}'], {1: Path("/a"), 2: None}),
        (
            Period,
            ['{"first": 1, "last": 2, "files": ["/a"], "color": "RED"}'],
            Period(1, 2.0, [Path("/a")], Color.RED),
        ),
        (Period, ['{"first": 1}'], Period(1)),
        (list[Point], ['{"x": 1}', '{"x": 2, "y": 3}'], [Point(1), Point(2, 3)]),
        (Options, ['{"chunk": 3}'], {"chunk": 3}),
        (Union[int, str], ["5"], 5),
        (Union[int, str], ['"5"'], "5"),
        (Union[int, str], ["abc"], "abc"),
        (Union[int, float], ["1.5"], 1.5),
        (Union[float, int], ["1"], 1),
        (Union[int, dt.date], ["2025-01-31"], dt.date(2025, 1, 31)),
        (Union[int, list[int]], ["[1, 2]"], [1, 2]),
        (Any, ['[1, 2.5, {"a": null}]'], [1, 2.5, {"a": None}]),
        (Any, ["abc"], "abc"),
        (dict[str, Decimal], ['{"a": "0.10", "b": 1}'], {"a": Decimal("0.10"), "b": Decimal(1)}),
        (Any, [r'["\udcff", {"\udcff": 1}]'], ["\udcff", {"\udcff": 1}]),
        (dict[str, Literal["\udcff"]], [r'{"\udcff": "\udcff"}'], {"\udcff": "\udcff"}),
    ],
    ids=repr,
)
def test_words_say_a_value(annotation, words, value):
    assert parse(annotation, *words) == value
    assert type(parse(annotation, *words)) is type(value)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (str, "a b"),
        (str, "\udcff"),
        (int, 10**500),
        (float, float("-inf")),
        (complex, -1.5 - 2j),
        (bool, False),
        (bytes, b"a \xff"),
        (Path, Path("/a b")),
        (dt.datetime, dt.datetime(2025, 1, 31, 13, 30, tzinfo=dt.timezone.utc)),
        (uuid.UUID, uuid.UUID(int=3)),
        (Decimal, Decimal("0.10")),
        (Color, Color.RED),
        (Rights, Rights.READ | Rights.WRITE),
        (Literal["a", 1, True, None], True),
        (Optional[list[int]], [1, 2]),
        (list[str], ["a b", "-c", ""]),
        (list[Path], [Path("/a")]),
        (set[int], {1, 2}),
        (tuple[int, str], (1, "1")),
        (list[list[int]], [[1, 2], []]),
        (dict[str, list[float]], {"a": [1.5, float("inf")]}),
        (dict[int, Optional[Path]], {1: Path("/a"), 2: None}),
        (Period, Period(1, 2.0, [Path("/a")], Color.RED)),
        (list[Point], [Point(1), Point(2, 3)]),
        (Options, {"chunk": 3}),
        (Union[int, str], "abc"),
        (Any, [1, 2.5, {"a": None, "b": True}]),
    ],
    ids=repr,
)
def test_what_a_value_is_spelled_as_says_the_value(annotation, value):
    words = to_words(describe(annotation), codec(annotation).encode(value))

    assert parse(annotation, *words) == value


@given(st.timedeltas(dt.timedelta(days=-9999), dt.timedelta(days=9999)))
def test_every_duration_can_be_spelled(duration):
    words = to_words("timedelta", codec(dt.timedelta).encode(duration))

    assert parse(dt.timedelta, *words) == duration


@given(st.floats(allow_nan=False) | st.integers())
def test_every_number_can_be_written(number):
    assert parse(type(number), repr(number)) == number


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text(), s, max_size=3),
        max_leaves=5,
    )
)
def test_any_takes_every_json(data):
    assert parse(Any, json.dumps(data)) == data


def test_paths_are_absolute_and_know_the_home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")

    assert parse(list[Path], "a", "~/b") == [Path(os.getcwd()) / "a", Path("/home/me/b")]


def test_json_may_stand_in_a_file(tmp_path):
    file = tmp_path / "period.json"
    file.write_text('{"first": 1}')

    assert parse(Period, f"@{file}") == Period(1)


@pytest.mark.parametrize(
    ("annotation", "words", "message"),
    [
        (int, ["abc"], "--x takes int, not 'abc'\nwrite a whole number: 5"),
        (int, ["1.5"], "--x takes int, not '1.5'\nwrite a whole number: 5"),
        (int, ["1", "2"], "--x takes int, not '1' '2'\nwrite one value"),
        (bool, ["maybe"], "--x takes bool, not 'maybe'\ntrue or false"),
        (Path, [""], "--x takes Path, not ''\nan empty path is none"),
        (dt.date, ["31.1.2025"], "--x takes date, not '31.1.2025'\nwrite it like 2025-01-31"),
        (dt.timedelta, ["P"], "--x takes timedelta, not 'P'\nwrite it like PT30M or P1DT12H"),
        (Decimal, ["x"], "--x takes Decimal, not 'x'\nwrite a decimal number: 0.10"),
        (Color, ["BLUE"], "--x takes Color, not 'BLUE'\nchoose from RED, GREEN"),
        (Literal["era5", 1], ["x"], "--x takes Literal['era5', 1], not 'x'\nchoose from era5, 1"),
        (tuple[int, int], ["1"], "--x takes tuple[int, int], not '1'\nwrite 2 values"),
        (list[int], ["1", "x"], "--x takes list[int], not '1' 'x'\nwrite a whole number: 5"),
        (Period, ["{}"], "--x takes Period, not '{}'\nPeriod needs first (it has first, last, files, color)"),
        (
            Period,
            ['{"first": 1, "lst": 2}'],
            '--x takes Period, not \'{"first": 1, "lst": 2}\'\n'
            "Period has no field 'lst' (it has first, last, files, color)",
        ),
        (
            Period,
            ["@/nowhere"],
            "--x takes Period, not '@/nowhere'\ncannot read /nowhere: No such file or directory",
        ),
        (
            dict[str, int],
            ['{"a": "b"}'],
            "--x takes dict[str, int], not '{\"a\": \"b\"}'\nexpected int, got str 'b'",
        ),
        (
            dict[str, int],
            ['{"a": 1, "a": 2}'],
            "--x takes dict[str, int], not '{\"a\": 1, \"a\": 2}'\n'a' stands in it twice",
        ),
        (
            dict[int, int],
            ['{"1": 2, "01": 3}'],
            '--x takes dict[int, int], not \'{"1": 2, "01": 3}\'\n1 stands in it twice',
        ),
        (
            list[Period],
            ['{"first": 1, "first": 2}'],
            "--x takes list[Period], not '{\"first\": 1, \"first\": 2}'\n'first' stands in it twice",
        ),
        (
            dict[str, Decimal],
            ['{"a": 0.10}'],
            "--x takes dict[str, Decimal], not '{\"a\": 0.10}'\n"
            'write a decimal number as text, else it is read as a float: "0.10"',
        ),
    ],
    ids=repr,
)
def test_words_that_say_no_value_are_refused_with_what_to_write(annotation, words, message):
    assert refusal(annotation, *words) == message


@pytest.mark.parametrize(
    ("annotation", "word"),
    [
        (list[list[int]], "[" * 100_000),
        (dict[str, Any], '{"a":' * 100_000),
        (Period, "{"),
        (int, "9" * 100_000),
        (int, "x" * 100_000),
        (Path, "a\0b"),
        (Color, "\ud800"),
    ],
    ids=lambda value: str(value)[:8].encode("unicode_escape").decode(),
)
def test_absurd_words_are_refused_in_a_few_lines(annotation, word):
    message = refusal(annotation, word)

    assert len(message.splitlines()) <= 3
    assert len(message) < 500


def test_a_secret_is_not_shown():
    for annotation, word in [
        (int, "hunter2"),
        (dict[str, int], '{"hunter2": "hunter2"}'),
        (Color, "hunter2"),
    ]:
        with pytest.raises(ParameterError) as caught:
            parse_words(describe(annotation), [word], "--token", secret=True)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("annotation", "many", "flag", "words"),
    [
        (int, False, False, None),
        (bool, False, True, None),
        (Optional[bool], False, True, None),
        (list[int], True, False, None),
        (Optional[set[int]], True, False, None),
        (tuple[int, str], True, False, None),
        (dict[str, int], False, False, None),
        (Color, False, False, ["RED", "GREEN"]),
        (Rights, False, False, None),
        (list[Color], True, False, ["RED", "GREEN"]),
        (Optional[Literal["a", 1]], False, False, ["a", "1"]),
        (Union[int, list[int]], False, False, None),
    ],
    ids=repr,
)
def test_a_type_says_how_it_is_written(annotation, many, flag, words):
    grammar = describe(annotation)

    assert (takes_many(grammar), is_flag(grammar), choices(grammar)) == (many, flag, words)


@pytest.mark.parametrize(
    ("annotation", "word"),
    [
        (float, "1e999"),
        (float, "-1e999"),
        (float, "9" * 400),
        (complex, "1e999+2j"),
        (list[float], "1e999"),
        (dict[str, float], '{"a": 1e999}'),
        (dict[str, float], '{"a": %s}' % ("9" * 400)),
        (dict[str, Any], '{"a": [1e999]}'),
        (Union[float, list[float]], "[1e999]"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_number_is_never_taken_for_infinity(annotation, word):
    assert "is larger than any such number; for infinity write: inf" in refusal(annotation, word)


@pytest.mark.parametrize("word", ["inf", "-inf", "Infinity", "INF"])
def test_infinity_is_taken_where_it_is_written(word):
    assert parse(float, word) == float(word)
    assert parse(dict[str, float], '{"a": Infinity}') == {"a": float("inf")}
