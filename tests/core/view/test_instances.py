"""Single instances, a line each; where there are none, why."""

from reflow.view.instances import instances_text, no_instances_text
from reflow.view.screen import Screen


def test_an_instance_is_a_line_with_the_first_line_of_its_reason():
    row = {
        "task": "convert",
        "index": 7,
        "array": True,
        "state": "failed",
        "attempt": 2,
        "reason": "no\nmore",
    }

    lines = [line.split() for line in instances_text([row], Screen()).splitlines()]

    assert lines == [["instance", "state", "attempt"], ["✗", "convert[7]", "failed", "2", "no"]]


def test_a_task_whose_instances_never_became_known_says_why(task):
    broken = {**task("failed", None), "reason": "its lists are of unequal length"}
    waiting = task("waiting", None, ("prepare",))

    told = no_instances_text({"both": broken, "later": waiting, "skipped": task("skipped", None)}, Screen())

    assert told.splitlines() == [
        "✗ both failed: its lists are of unequal length",
        "· later waiting: waits for prepare",
        "⊘ skipped skipped",
    ]
