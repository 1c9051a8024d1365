"""What is typed of instances in a state means those that are in it now, as ``status`` shows them."""

from __future__ import annotations

import pytest

RUNNING, QUEUED = ["work[0]", "work[1]"], ["work[2]", "work[3]", "work[4]", "work[5]"]


@pytest.fixture
def detached(terminal, until):
    """A run of six instances, two of which wait at a gate; it is cancelled in the end."""
    words = ("--n", "6", "--gate", "--executor", "local", "--workers", "2")
    run_id = terminal.steps("submit", *words, "--detach", "-q").out.strip()
    begun = [terminal.folder / "runs" / "steps" / f"begun{i}" for i in (0, 1)]
    until(lambda: all(path.exists() for path in begun))
    yield run_id
    terminal.steps("cancel", run_id)


@pytest.fixture
def names(terminal):
    """Return how to ask which instances a selector means."""
    return lambda selector: terminal.steps("status", selector, "-q").out.split()


@pytest.mark.usefixtures("detached")
def test_what_workers_are_at_is_running_and_what_waits_for_one_is_submitted(terminal, names):
    assert names("work[running]") == RUNNING
    assert names("work[submitted]") == QUEUED
    assert [row["state"] for row in terminal.steps("status", "work", "--json").json] == [
        *(["running"] * 2),
        *(["submitted"] * 4),
    ]
    assert terminal.steps("status", "--json").json["tasks"]["work"]["counts"] == {
        "running": 2,
        "submitted": 4,
    }


@pytest.mark.usefixtures("detached")
def test_why_says_of_what_runs_that_it_runs(terminal):
    told = terminal.steps("why", "work", "--json").json

    assert [(one["state"], one["index"], one["others"]) for one in told] == [
        ("running", 0, [1]),
        ("submitted", 2, [3, 4, 5]),
    ]


@pytest.mark.usefixtures("detached")
def test_cancel_of_what_is_in_a_state_leaves_the_rest_alone(terminal, names):
    assert "nothing of that was active" in terminal.steps("cancel", "work[failed]").out
    assert names("work[running]") == RUNNING
    assert terminal.steps("cancel", "work[submitted]").out.startswith("cancelled 4 of run ")
    assert names("work[cancelled]") == QUEUED
    assert names("work[running]") == RUNNING
    assert terminal.steps("cancel", "work[running]").out.startswith("cancelled 2 of run ")
    assert names("work[cancelled]") == RUNNING + QUEUED


def test_results_of_what_is_in_a_state_are_those_alone(terminal):
    terminal.steps("submit", "--n", "2", "--executor", "inline")
    terminal.steps("submit", "--executor", "inline")

    assert terminal.steps("results", "work[reused]", "-q").out.split() == ["work[0]", "work[1]"]
    assert terminal.steps("results", "work[succeeded]", "-q").out.split() == ["work[2]"]
    assert terminal.steps("results", "work[failed]", "-q").out == ""
