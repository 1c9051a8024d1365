"""What differs between codes, in words."""

from __future__ import annotations

import json

import pytest

from reflow.plan.code_parts import changed_definitions, told_definitions

NOW = {"flow.py:task": "1", "tools.py:clip": "2", "tools.py:LIMIT": "3"}


def changed(*then):
    return changed_definitions([json.dumps(parts) for parts in then], json.dumps(NOW))


def test_nothing_differs_from_the_same_code():
    assert changed(NOW) == []


def test_what_changed_came_or_went_differs():
    then = {"flow.py:task": "1", "tools.py:clip": "0", "tools.py:floor": "3"}

    assert changed(then) == ["tools.py:LIMIT", "tools.py:clip", "tools.py:floor"]


def test_what_differs_from_any_of_several_codes_counts_once():
    assert changed({**NOW, "flow.py:task": "0"}, {**NOW, "flow.py:task": "9"}) == ["flow.py:task"]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([], "what changed is not known any more"),
        (["tools.py:clip"], "clip in tools.py"),
        (["flow.py:task", "tools.py:LIMIT", "tools.py:clip"], "task in flow.py, LIMIT and clip in tools.py"),
        (["tools.py:floor"], "floor (gone) in tools.py"),
        ([":task", "tools.py:clip"], "task (gone) in flow.py, clip in tools.py"),
        ([f"a.py:f{n}" for n in range(3)], "f0 (gone), f1 (gone) and f2 (gone) in a.py"),
        (["a.py:make.<locals>.f"], "make.<locals>.f (gone) in a.py"),
    ],
)
def test_definitions_are_told_by_file(parts, told):
    assert told_definitions(parts, NOW, "/p/flow.py") == told


def test_of_many_definitions_the_first_are_named():
    assert told_definitions([f"tools.py:clip{n}" for n in range(9)], {}, "flow.py").endswith(
        "in tools.py and 5 more"
    )
