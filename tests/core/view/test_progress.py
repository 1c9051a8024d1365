"""A run that is watched: bars of one width, and a line for each change."""

from hypothesis import given
from hypothesis import strategies as st

from reflow.view.progress import BAR, bar, change_lines, progress_block
from reflow.view.screen import Screen

STATES = ("succeeded", "reused", "running", "submitted", "failed", "cancelled", "skipped", "pending")


@given(st.dictionaries(st.sampled_from(STATES), st.integers(1, 100_000), min_size=1))
def test_a_bar_has_one_width_and_shows_every_state_that_is_there(task, counts):
    shown = bar(task("running", sum(counts.values()), **counts), Screen())

    assert len(shown) == BAR
    assert len(set(shown)) == len({"⊘" if state in ("cancelled", "skipped") else state for state in counts})


def test_a_task_of_unknown_width_has_an_empty_bar(task):
    assert bar(task("waiting", None), Screen()) == "·" * BAR


def test_instances_that_nothing_is_said_of_are_pending(task):
    assert bar(task("waiting", 1), Screen()) == "·" * BAR
    assert bar(task("running", 4, running=1), Screen()) == "▒" * (BAR // 4) + "·" * (3 * BAR // 4)


def test_a_task_of_width_0_is_done(task):
    assert bar(task("succeeded", 0), Screen()) == "█" * BAR


def test_each_task_has_a_line_below_the_whole(status):
    lines = progress_block(status(), Screen(), 0)

    assert [line.split()[1] for line in lines[1:]] == ["prepare", "convert", "finalize"]
    assert "80/100  13 running" in lines[2]


def test_the_first_look_says_what_has_begun(status):
    assert change_lines(None, status(failed=[])) == [
        "prepare reused (1 instance)",
        "convert running (100 instances, 20 reused, 2 failed)",
    ]


def test_a_task_that_did_not_go_well_says_of_how_many_that_is_true(task, status):
    counts = {"succeeded": 37, "reused": 1, "skipped": 2}
    after = status(failed=[], tasks={"neg": task("skipped", 40, **counts)})

    assert change_lines(None, after) == ["neg skipped (40 instances, 1 reused, 2 skipped)"]


def test_only_changes_are_said(status, failure):
    before = status()
    after = status(failed=[*before["failed"], failure(3, "ValueError: x\ny")])

    assert change_lines(before, before) == []
    assert change_lines(before, after) == ["convert[3] failed: ValueError: x"]
