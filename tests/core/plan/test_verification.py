"""What is made again: all that is wrong and what was built on it, and of what is missing only what is needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.graph.model import Graph, Input, Node, Source
from reflow.plan.verification import Stale, Widths, built_on, fed_by, to_make_again

WIDTH = 4


def node(name, *inputs, after=()):
    return Node(name=name, key=f"demo.{name}", array=True, returns="str", inputs=inputs, after=after)


def take(deliver, *sources):
    return Input("x", "result", "str", deliver=deliver, sources=tuple(Source(*source) for source in sources))


def widths(*nodes, **totals):
    graph = Graph("demo", {}, {found.name: found for found in nodes})
    return Widths(graph, dict.fromkeys(graph.tasks, WIDTH) | totals)


CHAIN = widths(
    node("a"),
    node("b", take("each", ("a", "elements"))),
    node("c", take("each", ("b", "elements"))),
    node("d", take("each", ("c", "elements"))),
    node("all", take("list", ("d", "elements"))),
    all=1,
)


def missing(**found):
    return Stale({}, {task: dict.fromkeys(indices, "gone") for task, indices in found.items()})


def wrong(**found):
    return Stale({task: dict.fromkeys(indices, "bad") for task, indices in found.items()}, {})


CASES = [
    # stale, opened, what is made again
    (missing(), {"d": {2}}, {}),
    (missing(c=[2]), {"d": {2}}, {"c": {2}}),
    (missing(c=[2], b=[2]), {"d": {2}}, {"c": {2}, "b": {2}}),
    (missing(b=[2]), {"d": {2}}, {}),
    (missing(c=[1]), {"d": {2}}, {}),
    (missing(a=[0, 1], b=[1, 2], c=[1]), {"d": {1}}, {"c": {1}, "b": {1}, "a": {1}}),
    (missing(d=[0, 3], c=[3]), {"all": {0}}, {"d": {0, 3}, "c": {3}}),
    (missing(d=[0, 3], c=[3]), {"all": set()}, {"d": {0, 3}, "c": {3}}),
    (wrong(b=[2]), {"d": {2}}, {"b": {2}, "c": {2}, "d": {2}, "all": {0}}),
    (wrong(b=[1]), {"d": {2}}, {"b": {1}, "c": {1}, "d": {1}, "all": {0}}),
]


@pytest.mark.parametrize(("stale", "opened", "again"), CASES)
def test_in_a_chain(stale, opened, again):
    assert to_make_again(CHAIN, stale, opened) == again


def test_what_is_missing_is_made_for_what_is_wrong_too():
    stale = Stale({"c": {1: "bad"}}, {"b": {1: "gone", 2: "gone"}})

    assert to_make_again(CHAIN, stale, {"all": {0}}) == {"b": {1}, "c": {1}, "d": {1}, "all": {0}}


def test_a_list_that_is_handed_out_is_needed_whole_by_each():
    one = widths(node("list"), node("each", take("each", ("list", "items"))), list=1)

    assert dict(fed_by(one, "each", {3})) == {"list": {0}}
    assert built_on(one, {"list": {0}}) == {"list": {0}, "each": set(range(WIDTH))}


def test_several_sources_are_counted_one_after_the_other():
    two = widths(
        node("a"), node("b"), node("each", take("each", ("a", "elements"), ("b", "elements"))), each=8
    )

    assert dict(fed_by(two, "each", {1, 6})) == {"a": {1}, "b": {2}}
    assert built_on(two, {"b": {0}})["each"] == {4}


def test_what_comes_after_a_task_is_built_on_all_of_it():
    two = widths(node("a"), node("b", after=("a",)))

    assert built_on(two, {"a": {1}})["b"] == set(range(WIDTH))
    assert dict(fed_by(two, "b", {0})) == {"a": set(range(WIDTH))}


def test_a_task_that_is_not_expanded_has_nothing_to_be_made_again():
    two = widths(node("a"), node("b", take("each", ("a", "elements"))), b=None)

    assert built_on(two, {"a": {1}}) == {"a": {1}, "b": set()}
    assert to_make_again(two, missing(a=[1]), {"b": set()}) == {"a": {1}}


SOME = st.dictionaries(st.sampled_from("abcd"), st.sets(st.integers(0, WIDTH - 1), min_size=1))


@given(SOME, SOME, SOME)
def test_nothing_runs_without_what_it_needs_and_nothing_runs_in_vain(bad, gone, opened):
    again = to_make_again(CHAIN, Stale(wrong(**bad).wrong, missing(**gone).missing), opened)

    tainted = built_on(CHAIN, bad)
    runs = {(task, index) for part in (again, opened) for task, found in part.items() for index in found}
    for task, reader in zip("abcd", ["b", "c", "d", "all"], strict=True):
        for index in range(WIDTH):
            is_read = (reader, 0 if reader == "all" else index) in runs
            is_needed = is_read and index in gone.get(task, ())
            assert (index in again.get(task, ())) == (index in tainted.get(task, ()) or is_needed)
