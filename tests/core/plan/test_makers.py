"""Which of several results of one identity a task takes."""

import pytest

from reflow.graph.model import Graph, Node
from reflow.model.records import FoundResult
from reflow.plan.makers import ambiguous_keys, chosen

NODE = Node(name="t", key="demo.t", array=False, returns="str", file="flow.py", source="aa", code_hash="aa")


def results(*codes):
    """Return results by these codes, oldest first; a capital stands for one of another script."""
    return [
        FoundResult(
            *(b"i" * 32, bytes([number]) * 32, None, False, "run-1", 0, number),
            *(bytes.fromhex(code), bytes.fromhex(code), "other.py" if code.isupper() else "flow.py"),
        )
        for number, code in enumerate(codes)
    ]


@pytest.mark.parametrize(
    ("codes", "taken"),
    [
        (["aa", "bb"], 0),
        (["aa", "bb", "aa", "bb"], 2),
        (["bb", "cc"], 1),
        (["bb", "DD"], 0),
        (["DD", "EE"], 1),
        (["aa", "", "bb"], 0),
        (["bb", ""], 1),
    ],
)
def test_the_newest_of_the_own_code_is_taken_or_else_the_newest_that_is_of_this_task(codes, taken):
    assert chosen(NODE, results(*codes), (), ambiguous=False).created == taken


def test_what_was_accepted_is_as_good_as_of_the_own_code():
    several = results("aa", "bb", "cc")

    assert chosen(NODE, several, {b"\xbb"}, ambiguous=False).created == 1
    assert chosen(NODE, several[1:], {b"\xbb"}, ambiguous=False).created == 1


def test_only_the_own_code_will_do_where_several_tasks_have_the_name():
    assert chosen(NODE, results("aa", "bb"), {b"\xbb"}, ambiguous=True).created == 0
    assert chosen(NODE, results("bb"), {b"\xbb"}, ambiguous=True) is None


def test_nothing_will_do_where_several_tasks_have_the_name_and_the_own_code_is_unknown():
    assert chosen(NODE._replace(code_hash=""), results("", "bb"), (), ambiguous=True) is None


@pytest.mark.parametrize(
    ("codes", "is_ambiguous"),
    [(["aa", "aa"], False), (["aa", "bb"], True), (["aa", ""], True), (["", ""], True)],
)
def test_a_key_is_ambiguous_where_tasks_of_different_or_unknown_code_have_it(codes, is_ambiguous):
    tasks = {f"t{n}": NODE._replace(name=f"t{n}", code_hash=code) for n, code in enumerate(codes)}
    tasks["other"] = NODE._replace(name="other", key="demo.other", code_hash="dd")

    assert ambiguous_keys(Graph("demo", {}, tasks)) == ({"demo.t"} if is_ambiguous else set())
