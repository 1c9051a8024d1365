"""What is typed of instances in a state means those that are in it now, as ``status`` shows them."""

from __future__ import annotations

import contextlib
import io

import pytest

from reflow.run import why

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


LATE = """
import time
from pathlib import Path
from typing import Annotated
from reflow import Result, RunDir, Workflow

wf = Workflow("late")

@wf.job
def first(run_dir: RunDir = RunDir()) -> list[int]:
    while not (run_dir / "gate").exists():
        time.sleep(0.01)
    return [0, 1]

@wf.array_job
def then(i: Annotated[int, Result(step="first")]) -> int:
    return i

if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""


def test_a_cancel_of_what_is_not_known_yet_says_that_it_holds(terminal):
    (terminal.folder / "late.py").write_text(LATE)
    run_id = terminal.python("late.py", "submit", "--executor", "local", "--detach", "-q").out.strip()

    told = terminal.python("late.py", "cancel", "then[0]")
    (terminal.folder / "runs" / "late" / "gate").touch()
    terminal.python("late.py", "wait")

    assert told.out == f"run {run_id}: what is named of then is cancelled as soon as it is known\n"
    assert terminal.python("late.py", "status", "then[cancelled]", "-q").out == "then[0]\n"


def test_a_cancel_of_what_is_not_known_yet_tells_too_what_it_cancelled(terminal):
    (terminal.folder / "late.py").write_text(LATE)
    run_id = terminal.python("late.py", "submit", "--executor", "local", "--detach", "-q").out.strip()

    told = terminal.python("late.py", "cancel", "then[0]", "first")

    assert told.out.startswith(f"cancelled 1 of run {run_id}")


def test_a_retry_just_after_a_submit_does_not_take_its_driver_for_gone(terminal):
    with terminal.here():
        run = terminal.workflow("steps").submit(executor="local", gate=True)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            run.retry()
            run.cancel()

    assert "nothing to retry" in out.getvalue()
    assert "nothing drives" not in out.getvalue()


@pytest.mark.usefixtures("detached")
def test_why_looks_once_for_what_keeps_a_run_from_going_on(terminal, monkeypatch):
    looked = []
    monkeypatch.setattr(why, "read_status", lambda run: looked.append(run) or {"messages": ["slow"]})

    told = terminal.steps("why", "--json").json

    assert [one["notes"][-1:] for one in told if one["state"] in ("running", "submitted", "waiting")] == [
        ["slow"]
    ] * 3
    assert len(looked) == 1
