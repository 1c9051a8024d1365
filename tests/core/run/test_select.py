"""Selectors mean what they say, or say what is wrong with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.errors import UnknownTask, UsageError
from reflow.graph.model import Graph, Node
from reflow.run.select import parse_selector
from reflow.rundir.control import Scope
from reflow.view.words import elements

GRAPH = Graph(
    "demo", {}, {n: Node(name=n, key=f"demo.{n}", array=True, returns="str") for n in ("convert", "merge")}
)


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("convert", Scope("convert")),
        ("convert[17]", Scope("convert", frozenset((17,)))),
        ("convert[3,5:9]", Scope("convert", frozenset((3, 5, 6, 7, 8)))),
        ("convert[3,5-8]", Scope("convert", frozenset((3, 5, 6, 7, 8)))),
        ("convert[ 3 , 5-5 ]", Scope("convert", frozenset((3, 5)))),
        ("convert[failed]", Scope("convert", None, "failed")),
    ],
)
def test_a_selector_means_what_it_says(text, scope):
    assert parse_selector(text, GRAPH) == scope


@given(st.sets(st.integers(0, 200), min_size=1))
def test_instances_are_selected_as_they_are_shown(indices):
    assert parse_selector(elements("convert", indices), GRAPH) == Scope("convert", frozenset(indices))


@pytest.mark.parametrize(
    "text",
    [
        "convert[",
        "convert[x]",
        "convert[1.5]",
        "convert[-1]",
        "",
        "a b",
        "convert[]",
        "convert[5:5]",
        "convert[1,7:3]",
        "convert[7-3]",
        "convert[3-]",
        "convert[1-2-3]",
        "convert[1-2:3]",
        pytest.param(f"convert[{'9' * 5000}]", id="more digits than Python reads"),
    ],
)
def test_what_is_no_selector_is_refused_with_the_text(text):
    with pytest.raises(UsageError, match=r"selector|index|no instance"):
        parse_selector(text, GRAPH)


def test_an_endless_range_is_refused():
    with pytest.raises(UsageError, match="too many"):
        parse_selector("convert[0:99999999999]", GRAPH)


def test_an_unknown_task_names_the_one_that_was_meant():
    with pytest.raises(UnknownTask, match="did you mean 'convert'"):
        parse_selector("covert[3]", GRAPH)
