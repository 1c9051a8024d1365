"""Empty, single, unequal, nested and unusual: the states and values of each, by a run."""

from __future__ import annotations

import json

import pytest

TABLE = {
    # task: (states, what was returned)
    "none": ("1 succeeded", []),
    "each_of_none": ("0 succeeded", []),
    "chain_of_none": ("0 succeeded", []),
    "flat_of_none": ("0 succeeded", []),
    "gather_of_none": ("1 succeeded", []),
    "flat_gather_of_none": ("1 succeeded", []),
    "after_none": ("1 succeeded", "ran"),
    "one": ("1 succeeded", ["only"]),
    "each_of_one": ("1 succeeded", ["only"]),
    "gather_of_one": ("1 succeeded", ["only"]),
    "three": ("1 succeeded", [1, 2, 3]),
    "each_of_three": ("3 succeeded", [1, 2, 3]),
    "unequal": ("failed", None),
    "unequal_chain": ("failed", None),
    "unequal_with_none": ("failed", None),
    "gather_of_unequal": ("1 skipped", None),
    "chain_of_unequal": ("skipped", None),
    "returns_none": ("3 succeeded", [None, None, None]),
    "gather_of_nones": ("1 succeeded", "[None, None, None]"),
    "sometimes_none": ("3 succeeded", [1, None, 3]),
    "chain_of_sometimes_none": ("3 succeeded", ["1", "None", "3"]),
    "nested": ("1 succeeded", [[[1], []], [], [[2, 3]]]),
    "each_nested": ("3 succeeded", [[[1], []], [], [[2, 3]]]),
    "flat_nested": ("1 succeeded", [[1], [], [2, 3]]),
    "gather_nested": ("1 succeeded", [[[1], []], [], [[2, 3]]]),
    "texts": ("1 succeeded", "TEXTS"),
    "each_text": ("11 succeeded", "TEXTS"),
    "gather_of_texts": ("1 succeeded", "TEXTS"),
    "surrogate": ("1 succeeded", "\ud800"),
    "takes_surrogate": ("1 succeeded", "'\\ud800'"),
    "odd_floats": ("1 succeeded", ...),
    "each_float": ("6 succeeded", ["nan", "inf", "-inf", "-0.0", "5e-324", "0.1"]),
    "big_int": ("1 succeeded", 10**400),
    "takes_big_int": ("1 succeeded", True),
    "table": ("1 succeeded", {"b": [1, (2, 3)], "a\n": {"ü": None}, "": b"\x00\xff"}),
    "takes_table": ("1 succeeded", repr({"b": [1, (2, 3)], "a\n": {"ü": None}, "": b"\x00\xff"})),
}


@pytest.fixture(scope="module")
def edges(flows):
    return flows("edges")


@pytest.fixture(scope="module")
def seen(shared_lab, edges):
    return shared_lab.submit(edges.wf)


def test_each_task_is_in_the_state_that_the_table_says(seen):
    assert seen.states == {task: states for task, (states, _) in TABLE.items()}


@pytest.mark.parametrize("task", [task for task, (_, value) in TABLE.items() if value not in (None, ...)])
def test_each_task_returned_what_the_table_says(seen, edges, task):
    expected = TABLE[task][1]

    assert seen.result(task) == (edges.TEXTS if expected == "TEXTS" else expected)


def test_nothing_is_called_for_an_empty_list(seen):
    assert seen.calls == []


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("unequal", "its lists are of unequal length: word has 1 and n has 3"),
        ("unequal_chain", "its lists are of unequal length: n has 3 and word has 1"),
        ("unequal_with_none", "its lists are of unequal length: n has 0 and word has 1"),
    ],
)
def test_lists_that_cannot_be_zipped_fail_their_task_with_both_lengths(seen, task, message):
    told = seen.run.status(as_dict=True)

    assert told["tasks"][task]["total"] is None
    assert [e for e in told["failed"] if e["task"] == task] == [
        {"task": task, "index": None, "attempt": None, "error": message, "log": None}
    ]


def test_a_run_with_a_task_that_cannot_be_expanded_fails(seen):
    assert seen.state == "failed"


def test_the_same_edges_are_all_reused(seen, shared_lab, edges):
    again = shared_lab.submit(edges.wf)

    assert again.states == {
        task: states if states.startswith("0") else states.replace("succeeded", "reused")
        for task, (states, _) in TABLE.items()
    }
    assert again.result("gather_of_texts") == edges.TEXTS


def test_the_command_line_tells_an_empty_result_from_none_at_all(seen, shared_lab, edges, capsys):
    assert shared_lab.cli(edges.wf, "results", "each_of_none", run_dir=seen.run_dir) == 0
    assert capsys.readouterr() == ("", "each_of_none: no instances, since the list was empty\n")

    shared_lab.cli(edges.wf, "results", "each_of_none", "unequal", "three", "--json", run_dir=seen.run_dir)
    assert json.loads(capsys.readouterr().out) == {"each_of_none": [], "unequal": None, "three": [1, 2, 3]}


NAMES = {
    "id": 1,
    "print": "printed 1",
    "input": 3,
    "open": 3,
    "class": "a keyword",
    "None": "None",
    "0": "a number",
    "a.b-c_d": "dotted",
    "logs": "a command",
    "failed": "a state",
    "list": [1, 2],
    "str": [1, 2],
    "sum": 3,
    "type": "a keyword, None, a number, dotted",
}


@pytest.fixture(scope="module")
def named(shared_lab, flows):
    return shared_lab.submit(flows("odd_names").wf)


def test_tasks_may_be_named_like_builtins_keywords_and_commands(named):
    assert {task: named.result(task) for task in NAMES} == NAMES
    assert named.state == "succeeded"
    assert set(named.states) == set(NAMES)


def test_a_task_named_like_a_builtin_has_its_log(named, flows, shared_lab, capfd):
    in_terminal = shared_lab.executor == "inline"
    said = "" if in_terminal else "said by a task that is called print\n"

    assert named.run.logs("print") == said
    assert shared_lab.cli(flows("odd_names").wf, "logs", "print", run_dir=named.run_dir) == 0
    assert capfd.readouterr().out == said
