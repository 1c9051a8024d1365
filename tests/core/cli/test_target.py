"""A word is a task, a selector or a run, and never two of them."""

import pytest

from reflow.cli.target import Target, read_any_target, read_target
from reflow.errors import UsageError

TASKS = {"convert", "merge"}


@pytest.mark.parametrize(
    ("words", "run", "target"),
    [
        ([], None, Target(None)),
        (["3f9a"], None, Target("3f9a")),
        (["convert"], None, Target(None, ("convert",))),
        (["convert[3]"], None, Target(None, ("convert[3]",))),
        (["3f9a", "convert", "merge[failed]"], None, Target("3f9a", ("convert", "merge[failed]"))),
        (["convert", "3f9a"], None, Target("3f9a", ("convert",))),
        (["unknown[3]"], None, Target(None, ("unknown[3]",))),
        (["convert"], "convert", Target("convert", ("convert",))),
        (["@last"], None, Target("@last")),
    ],
)
def test_what_is_a_task_or_has_a_bracket_is_a_selector_and_the_rest_a_run(words, run, target):
    assert read_target(words, TASKS, run) == target


@pytest.mark.parametrize(("words", "run"), [(["a", "b"], None), (["a"], "b")])
def test_two_runs_are_one_too_many(words, run):
    with pytest.raises(UsageError, match="name two runs"):
        read_target(words, TASKS, run)


def test_after_reflow_the_first_word_is_the_run():
    assert read_any_target(["convert", "convert"], None, "reflow") == Target("convert", ("convert",))
    assert read_any_target(["convert"], "3f9a", "reflow") == Target("3f9a", ("convert",))


def test_reflow_without_a_run_says_where_to_look():
    with pytest.raises(UsageError, match="reflow runs; the newest is: @last"):
        read_any_target([], None, "reflow")
