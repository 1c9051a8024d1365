"""Paths are found wherever they stand, and get their stamps without a change to anything else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given

from reflow.errors import ValueMisfit
from reflow.testing.strategies import tagged_values
from reflow.values.codec import codec
from reflow.values.digests import value_digest
from reflow.values.items import items_of
from reflow.values.paths import absolute, has_paths, paths_in, stamped


class Product(NamedTuple):
    file: Path
    title: str


def test_paths_are_found_in_every_container_in_order():
    names = [Path(f"/{number}") for number in range(8)]
    value = [
        names[0],
        (names[1], {"k": names[2], names[3]: 1}),
        {names[4]},
        Product(names[5], "/no"),
        frozenset({names[6]}),
    ]
    tagged = codec(Any).encode(value)

    assert sorted(text for text, _ in paths_in(tagged)) == [f"/{number}" for number in range(7)]
    assert [text for text, _ in paths_in(codec(list[Path]).encode(names))] == [str(name) for name in names]


@pytest.mark.parametrize(
    "tagged",
    [None, "/a", ["/a"], {"$adapter": ["x", {"$path": ["/a", None]}]}, {"$enum": ["a", "b"]}],
    ids=str,
)
def test_what_only_looks_like_a_path_is_none(tagged):
    assert not has_paths(tagged)
    assert stamped(tagged, lambda text: ["missing"]) == tagged


def test_each_path_gets_the_stamp_of_its_own_text():
    tagged = codec(dict[str, list[Path]]).encode({"a": [Path("/x"), Path("/y")]})
    new = stamped(tagged, lambda text: ["file", ord(text[1]), 0])

    assert list(paths_in(new)) == [["/x", ["file", 120, 0]], ["/y", ["file", 121, 0]]]
    assert all(stamp is None for _, stamp in paths_in(tagged))


@given(tagged_values())
def test_stamping_with_no_stamp_changes_nothing(tagged):
    assert stamped(tagged, lambda text: None) == tagged


@given(tagged_values())
def test_stamps_change_the_digest_of_exactly_the_values_with_paths(tagged):
    new = stamped(tagged, lambda text: ["missing"])

    assert (value_digest(new) != value_digest(tagged)) == has_paths(tagged)


def test_a_path_keeps_its_dots_since_a_link_may_stand_before_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = os.getcwd()

    assert absolute("a") == absolute("./a/") == f"{here}/a"
    assert absolute("link/../a") == f"{here}/link/../a"
    assert absolute("/x//./y") == "/x/y"


@pytest.mark.parametrize("name", ["/a\0b", "/\ud83d\ude00", "/\ud800"], ids=ascii)
def test_a_path_that_no_file_can_have_is_refused_with_its_name(name):
    with pytest.raises(ValueMisfit, match=r"\[1\]: no file can have the name '/"):
        codec(list[Path]).encode([Path("/a"), Path(name)])


@pytest.mark.parametrize("name", ["/a\nb", "/\udcff", "/é", "/ "], ids=ascii)
def test_a_path_with_an_odd_name_comes_back(name):
    assert codec(Path).decode(json.loads(json.dumps(codec(Path).encode(Path(name))))) == Path(name)


def test_items_of_anything_but_a_list_or_tuple_are_refused():
    with pytest.raises(ValueMisfit, match="expected a list, got str 'abc'"):
        items_of("abc")
    with pytest.raises(ValueMisfit, match="expected a list, got set"):
        items_of({"$set": [1]})
