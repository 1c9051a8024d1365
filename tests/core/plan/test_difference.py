"""The nearest earlier result is the one that shares most, and what differs is named."""

from __future__ import annotations

import json

import pytest

from reflow.model.records import Context, EarlierResult
from reflow.plan.difference import Part, commonest, differing, made_from, nearest, parts_of
from reflow.values.digests import digest


def value(what):
    return digest("value", what)


def shared(version="1", code="", after=(), **given):
    told = {name: value(what).hex() for name, what in given.items()}
    return json.dumps(
        {"version": version, "code": code, "shared": told, "after": [value(what).hex() for what in after]}
    )


def parts(item="a.nc", **given):
    return parts_of(shared(**given), ("item",), value(item))


def earlier(item="a.nc", *, index=0, stale=None, run="demo-1", **given):
    context = Context(run, "convert", "demo.convert", "1", b"", b"", "", shared(**given), ("item",))
    return EarlierResult(value("identity"), value("output"), index, 1, value(item), 0, stale, context)


CHANGES = {
    "nothing": ({}, []),
    "a parameter": ({"scale": 3}, [Part("input", "scale")]),
    "a parameter more": ({"scale": 2, "more": 1}, [Part("input", "more")]),
    "the item": ({"item": "b.nc"}, [Part("input", "item")]),
    "the version": ({"version": "2"}, [Part("version")]),
    "the code": ({"code": "9f"}, [Part("code")]),
    "what it comes after": ({"after": ["y"]}, [Part("after", "0")]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_part_that_differs_is_named(change):
    given, wanted = CHANGES[change]
    before = {"scale": 2, "after": ["x"]}

    assert differing(parts(**before), parts(**{**before, **given})) == wanted


def test_a_parameter_that_is_gone_is_named():
    assert differing(parts(scale=2, old=1), parts(scale=2)) == [Part("input", "old")]


def test_a_result_has_the_parts_of_the_instance_that_made_it():
    (made,) = made_from([earlier("b.nc", scale=2)])

    assert made.parts == parts("b.nc", scale=2)


NEAREST = {
    "one that differs in less": [earlier("x", scale=1), earlier("a.nc", scale=1)],
    "the same index, where as much differs": [earlier("b.nc", index=3), earlier("c.nc", index=7)],
    "the newest, where all else is equal": [earlier("b.nc", run="old"), earlier("b.nc", run="new")],
    "one that holds": [earlier("b.nc", stale="gone"), earlier("b.nc")],
}


@pytest.mark.parametrize("wanted", NEAREST)
def test_the_nearest_result_is(wanted):
    worse, better = NEAREST[wanted]
    newest_first = [better, worse] if "newest" in wanted else [worse, better]

    found = nearest(parts(scale=2) if "less" in wanted else parts(), 7, made_from(newest_first))

    assert found is not None
    assert found.result == better


def test_nothing_is_near_where_nothing_was_made():
    assert nearest(parts(), 0, []) is None


def test_what_differs_most_often_is_told_of_many():
    results = made_from([earlier(item, index=index, scale=1) for index, item in enumerate("abc")])
    instances = [(0, parts("a", scale=2)), (1, parts("b", scale=2)), (2, parts("x", scale=1))]

    found = commonest(instances, results)

    assert found is not None
    assert found.part == Part("input", "scale")
    assert found.result.index == 0


def test_nothing_is_told_where_nothing_was_made():
    assert commonest([(0, parts())], []) is None
    assert commonest([], made_from([earlier()])) is None
