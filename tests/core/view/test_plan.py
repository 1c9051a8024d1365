"""The screen of a dry run says what would run, what is reused, and what is not known yet."""

from reflow.view.plan import asks_for, plan_text, reason_lines
from reflow.view.screen import Screen


def planned(state, total, run=0, reused=0, **fields):
    return {
        "state": state,
        "total": total,
        "run": run,
        "reused": reused,
        "array": total != 1,
        "reason": None,
        **fields,
    }


PLAN = {
    "workflow": "demo",
    "executor": "local",
    "tasks": {
        "prepare": planned("reused", 1, 0, 1),
        "convert": planned("run", 100, 80, 20, resources={"cpus": 4, "time_s": 600}),
        "finalize": planned("unknown", None),
    },
    "commands": ["exec python"],
}


def test_each_task_says_what_would_become_of_it():
    lines = plan_text(PLAN, Screen()).splitlines()

    assert lines[0] == "demo  3 tasks, 101 instances or more"
    assert [" ".join(line.split()).split(" ", 2)[1:] for line in lines[2:5]] == [
        ["prepare", "reused"],
        ["convert[100]", "80 to run, 20 reused 4 cpus 0:10:00"],
        ["finalize[?]", "known when what comes before is done"],
    ]
    assert lines[-1] == "would submit to local at least 80 instances; nothing was written"


def test_scripts_are_shown_only_when_asked_for():
    assert "exec python" not in plan_text(PLAN, Screen())
    assert "exec python" in plan_text(PLAN, Screen(), verbose=True)


def test_what_is_asked_for_is_said_in_few_words():
    assert asks_for({"cpus": 4, "time_s": 600}) == "4 cpus  0:10:00"
    assert asks_for({"cpus": 1, "gpus": 1, "mem_mib": 2048}) == "1 gpu  2048 MiB"
    assert asks_for({}) == ""


def test_tasks_that_are_not_reused_say_why_in_a_line_each():
    reasons = [("prepare", 1, 0, "n changed from 4 to 6"), ("work", 3, 97, "forced: --force")]

    assert reason_lines(reasons, Screen()) == [
        "not reused:",
        "  prepare  1 run             n changed from 4 to 6",
        "  work     3 run, 97 reused  forced: --force",
    ]
    assert reason_lines([], Screen()) == []
