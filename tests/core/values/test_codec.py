"""A value comes back as exactly what was returned, or is refused with the path to what is wrong."""

from __future__ import annotations

import collections
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, List, Literal, NewType, Optional, Tuple, TypeVar, Union  # noqa: UP035  # users write them

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflow.errors import DefinitionError, ValueMisfit
from reflow.testing.strategies import alike, annotations_and_values
from reflow.values.codec import codec

UserId = NewType("UserId", int)
T = TypeVar("T")


def there_and_back(annotation, value):
    own = codec(annotation)
    return own.decode(json.loads(json.dumps(own.encode(value))))


def refusal(annotation, value):
    with pytest.raises(ValueMisfit) as caught:
        codec(annotation).encode(value)
    return str(caught.value)


@settings(max_examples=400)
@given(annotations_and_values())
def test_what_was_returned_comes_back(drawn):
    annotation, value = drawn

    assert alike(there_and_back(annotation, value), value)


@settings(max_examples=200)
@given(annotations_and_values())
def test_any_keeps_all_that_it_is_given(drawn):
    _, value = drawn

    assert alike(there_and_back(Any, value), value)


@pytest.mark.parametrize(("annotation", "path"), [(Any, ""), (object, ""), (list[Any], "[1]: ")], ids=str)
def test_a_bare_object_is_refused_in_words(annotation, path):
    value = [1, object()] if path else object()

    assert refusal(annotation, value).startswith(f"{path}reflow cannot store object <object object at")


@given(annotations_and_values())
def test_encoding_what_was_decoded_changes_nothing(drawn):
    annotation, value = drawn
    own = codec(annotation)
    tagged = own.encode(value)

    assert own.encode(own.decode(tagged)) == tagged


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (UserId, 3),
        (Annotated[int, "meters"], 3),
        (list[Annotated[int, ["no hash"]]], [3]),
        (int | None, None),
        (Optional[int], 3),
        (Union[int, list[int]], [3]),
        (List[int], [3]),  # noqa: UP006  # users write it
        (Tuple[int, ...], (3, 4)),  # noqa: UP006  # likewise
        (Tuple, (3, "a")),  # noqa: UP006  # likewise
        (tuple[()], ()),
        (tuple, (1, "a")),
        (list, [1, "a", None]),
        (dict, {1: "a", "b": [None]}),
        (Sequence[int], (1, 2)),
        (Iterable[int], [1, 2]),
        (T, 3),
        (object, [1]),
        (set[Any], {1, "a", None, (1, 2), frozenset({3})}),
        (str, "\ud800 \n\0 é"),
        (str, "\ud83d\ude00"),
        (str, "\udcff\\udcff é"),
        (list[str], ["a", "\ud83d\ude00", "\U0001f600"]),
        (list[str], ["\ud83d", "\ude00"]),
        (dict[str, str], {"\ud83d\ude00": "a", "\U0001f600": "\ud83d\ude00"}),
        (Literal["\ud83d\ude00", "\U0001f600"], "\ud83d\ude00"),
        (Union[int, str, None], "\ud83d\ude00"),
        (float, float("-inf")),
        (float, -0.0),
    ],
)
def test_this_comes_back(annotation, value):
    assert alike(there_and_back(annotation, value), value)


def test_ints_of_any_length_come_back():
    for value in (10**5000, -(10**5000), 2**2000, -(2**2000), 2**2000 - 1):
        assert there_and_back(int, value) == value
        assert there_and_back(list[int], [1, value]) == [1, value]
        assert there_and_back(Any, {value}) == {value}


def test_nan_comes_back_as_nan():
    assert alike(there_and_back(list[float], [float("nan")]), [float("nan")])


@pytest.mark.parametrize(
    ("annotation", "value", "decoded"),
    [
        (float, 1, 1.0),
        (complex, 1, 1 + 0j),
        (list[float], [1, 2.5], [1.0, 2.5]),
        (Union[float, int], 1, 1),
        (Union[float, None], 1, 1.0),
        (Union[list[float], list[int]], [1], [1]),
        (Union[list[float], list[int]], [1, 2.5], [1.0, 2.5]),
        (float, True, 1.0),
        (int, True, True),
    ],
    ids=repr,
)
def test_only_what_the_consumer_asks_for_is_widened(annotation, value, decoded):
    assert alike(there_and_back(annotation, value), decoded)


@pytest.mark.parametrize(
    ("returned", "value", "wanted", "decoded"),
    [
        (tuple[int, ...], (1, 2), list[int], [1, 2]),
        (list[int], [1, 2], tuple[int, ...], (1, 2)),
        (list[int], [1], Sequence[int], [1]),
        (tuple[int, ...], (1,), Iterable[int], (1,)),
        (int, 10**20, Any, 10**20),
    ],
    ids=repr,
)
def test_a_consumer_gets_the_kind_of_list_that_it_asks_for(returned, value, wanted, decoded):
    assert alike(codec(wanted).decode(codec(returned).encode(value)), decoded)


def test_an_int_under_float_stays_an_int_until_it_is_asked_for():
    assert codec(float).encode(1) == 1
    assert codec(int).decode(codec(float).encode(1)) == 1


def test_a_generator_is_listed():
    assert codec(Iterable[int]).encode(number for number in (3, 1)) == [3, 1]
    assert codec(Iterator[int]).encode(iter([3])) == [3]


def test_a_generator_is_listed_once_for_all_members_of_a_union():
    assert codec(Union[Iterable[int], Iterable[str]]).encode(word for word in ("a", "b")) == ["a", "b"]


def test_a_set_under_iterable_has_one_order():
    assert codec(Iterable[str]).encode({"b", "a"}) == ["a", "b"]


def test_an_error_of_a_generator_is_its_own():
    def broken():
        yield 1
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        codec(Iterable[int]).encode(broken())


def test_a_decoded_list_is_a_new_one():
    tagged = ["a"]

    assert codec(list[str]).decode(tagged) is not tagged


def test_paths_are_made_absolute_and_carry_no_stamp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert codec(Path).encode(Path("a.nc")) == {"$path": [os.path.join(os.getcwd(), "a.nc"), None]}


class Loud(str):
    """A subclass of str."""


class Rude:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (int, "a", "expected int, got str 'a'"),
        (int, 1.0, "expected int, got float 1.0"),
        (str, None, "expected str, got None"),
        (str, Path("/a"), "expected str, got PosixPath PosixPath('/a')"),
        (Path, "/a", "expected Path, got str '/a'"),
        (str, Loud("a"), "expected str, got Loud 'a'; a subclass is not kept as it is, return str(...)"),
        (list[str], ("a",), "expected list[str], got tuple ('a',)"),
        (list[str], ["a", 3], "[1]: expected str, got int 3"),
        (list[list[int]], [[], [1, "x"]], "[1][1]: expected int, got str 'x'"),
        (dict[str, int], {"a": 1, "b": "x"}, "['b']: expected int, got str 'x'"),
        (dict[str, int], {3: 1}, "[0]: expected str, got int 3"),
        (tuple[int, str], (1, 2), "[1]: expected str, got int 2"),
        (tuple[int, str], (1,), "expected tuple[int, str], got tuple (1,)"),
        (tuple[()], (1,), "expected tuple[()], got tuple (1,)"),
        (Optional[list[int]], [1, "x"], "[1]: expected int, got str 'x'"),
        (Union[int, str], 1.5, "expected int | str, got float 1.5"),
        (Sequence[str], "abc", "expected Sequence[str], got str 'abc'; return a list"),
        (Iterable[str], "abc", "expected Iterable[str], got str 'abc'; return a list"),
        (Iterable[str], 3, "expected Iterable[str], got int 3"),
        (
            dict[str, int],
            collections.OrderedDict(a=1),
            "expected dict[str, int], got OrderedDict OrderedDict({'a': 1})"
            "; a subclass is not kept as it is, return dict(...)",
        ),
    ],
    ids=repr,
)
def test_what_does_not_fit_is_named_with_its_path(annotation, value, message):
    if sys.version_info < (3, 12):
        message = message.replace("OrderedDict({'a': 1})", "OrderedDict([('a', 1)])")

    assert refusal(annotation, value) == message


def test_a_value_whose_repr_raises_is_named_by_its_type():
    assert refusal(int, Rude()) == "expected int, got Rude"


def test_a_long_value_is_shown_in_part():
    assert len(refusal(int, "x" * 100_000)) < 120
    assert len(refusal(int, list(range(100_000)))) < 120


def test_a_value_of_a_type_that_reflow_does_not_know_is_refused_under_any():
    assert "reflow_adapter" in refusal(Any, [lambda: 1])


def nested(depth):
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_two_hundred_lists_inside_each_other_come_back():
    assert alike(there_and_back(Any, nested(200)), nested(200))


@pytest.mark.parametrize(
    "annotation", [Any, list, Union[list[Any], dict[str, Any], tuple[Any, ...]]], ids=repr
)
def test_deeper_values_and_cycles_are_refused(annotation):
    cycle: list[Any] = []
    cycle.append(cycle)

    for value in (nested(201), nested(100_000), cycle):
        assert refusal(annotation, value).endswith("nested more than 200 deep, or holds itself")


@pytest.mark.parametrize(
    "tagged",
    [
        {"$float": "x"},
        {"$uuid": "x"},
        {"$path": 3},
        {"$tuple": 3},
        {"$dict": [3]},
        {"$nothing": 1},
        {},
        {"a": 1, "b": 2},
    ],
    ids=repr,
)
def test_a_damaged_value_is_a_misfit(tagged):
    with pytest.raises(ValueMisfit):
        codec(Any).decode(tagged)


@pytest.mark.parametrize(
    ("annotation", "tagged"),
    [
        (int, "1"),
        (str, {"$path": ["/a", None]}),
        (Path, "/a"),
        (list[int], {"$set": [1]}),
        (tuple[int, str], [1, "a"]),
        (set[int], [1]),
        (dict[str, int], []),
        (int, {"$float": "1.0"}),
    ],
    ids=repr,
)
def test_a_consumer_refuses_what_it_did_not_ask_for(annotation, tagged):
    with pytest.raises(ValueMisfit, match="expected"):
        codec(annotation).decode(tagged)


def test_an_int_that_is_too_large_for_a_float_is_a_misfit():
    with pytest.raises(ValueMisfit, match="too large for a float"):
        codec(float).decode(codec(int).encode(10**400))


@pytest.mark.parametrize(
    "annotation", [Rude, type, "Path", list["Path"], Iterable[Rude], bytearray], ids=repr
)
def test_a_type_that_is_not_known_is_refused_when_it_is_defined(annotation):
    with pytest.raises(DefinitionError):
        codec(annotation)


def test_the_error_for_an_unknown_type_names_the_hook():
    with pytest.raises(DefinitionError, match=r"Rude\n.*reflow_adapter"):
        codec(list[Rude])


def test_a_codec_is_made_once():
    assert codec(dict[str, list[int]]) is codec(dict[str, list[int]])


@given(st.lists(st.integers() | st.text() | st.none() | st.booleans(), max_size=5))
def test_a_list_of_mixed_plain_values_stands_as_it_is(values):
    assert codec(list[Union[int, str, bool, None]]).encode(values) == values


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type statements came with Python 3.12")
def test_type_aliases_may_hold_themselves():
    names: dict[str, Any] = {}
    exec("type Tree = int | list[Tree]\ntype Pairs[T] = list[tuple[T, T]]", names)

    assert there_and_back(names["Tree"], [1, [2, [3]]]) == [1, [2, [3]]]
    assert there_and_back(names["Pairs"][int], [(1, 2)]) == [(1, 2)]
    assert refusal(names["Tree"], [1, ["x"]]).startswith("[1][0]: expected int")
