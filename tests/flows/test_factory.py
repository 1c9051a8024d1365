"""Tasks of one name that differ in what their functions close over: equal inputs are not equal work."""

from __future__ import annotations

import pytest

ALL = ["late by 2", "late by 3", "load by 2", "load by 3"]


@pytest.fixture
def make(flows):
    return flows("factory").make


def made(seen):
    return [seen.result(task) for task in ("a_load", "b_load", "a_late", "b_late")]


def said(seen):
    return seen.run.status(as_dict=True)["messages"]


@pytest.mark.parametrize("force", [False, True])
def test_each_makes_its_own_in_the_first_run_and_takes_its_own_in_the_next(lab, make, force):
    first = lab.submit(make(2, 3), force=force)
    again = lab.submit(make(2, 3))

    assert [first.calls, again.calls] == [ALL, []]
    assert [made(first), made(again)] == [[2, 3, 2, 3]] * 2
    assert [said(first), said(again)] == [[], []]


def test_one_that_is_forced_leaves_the_other_as_it_is(lab, make):
    lab.submit(make(2, 3))

    forced = lab.submit(make(2, 3), force_tasks=["a_load"])
    again = lab.submit(make(2, 3))

    assert [forced.calls, again.calls] == [["load by 2"], []]
    assert [made(forced), made(again)] == [[2, 3, 2, 3]] * 2


def test_what_closes_over_the_same_shares_its_work(lab, make):
    seen = lab.submit(make(2, 2))

    assert seen.calls.count("load by 2") == 1
    assert made(seen) == [2, 2, 2, 2]


def test_whose_an_earlier_result_of_other_code_is_nobody_knows_so_that_it_runs_again(lab, make):
    lab.submit(make(2, 3))

    seen = lab.submit(make(2, 4))
    with lab.home():
        (told,) = seen.run.why("b_load", as_dict=True)

    assert seen.calls == ["late by 4", "load by 4"]
    assert made(seen) == [2, 4, 2, 4]
    assert told["cause"] == "other"
    assert told["reason"] == (
        "its earlier result was made by other code, and several tasks here are made.load: whose it was, nobody knows"
    )


def test_results_of_such_tasks_are_not_accepted(lab, make, capsys):
    lab.submit(make(2, 3))
    seen = lab.submit(make(2, 4))

    code, _, err = lab.type(capsys, "accept", seen.run.id, "b_load", "--yes", "--run-dir", str(seen.run_dir))

    assert code == 2
    assert err == (
        "error: b_load: several tasks here are made.load, each with other code: whose an earlier result is, "
        "nobody knows\nsubmit makes it anew; give each of these flows a name of its own\n"
    )


def test_two_workflows_that_differ_so_are_one_before_and_after_a_change_until_each_has_its_own(lab, make):
    lab.submit(make(2, 2))

    changed = lab.submit(make(3, 3))
    lab.submit(make(3, 3), force=True)

    assert made(changed) == [2, 2, 2, 2]
    assert "a_load: 1 reused result was made by other code: build.<locals>.load.scale in factory.py" in said(
        changed
    )
    for scale in (2, 3, 2):
        seen = lab.submit(make(scale, scale))
        assert seen.calls == []
        assert made(seen) == [scale] * 4
        assert said(seen) == []
