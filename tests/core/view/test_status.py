"""The screen of a run: the whole first, a line per task, failures by cause, what to type next."""

import calendar
import time
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from reflow.view.card import card_html
from reflow.view.instances import instances_text
from reflow.view.logs import log_header
from reflow.view.plan import plan_text
from reflow.view.progress import change_lines
from reflow.view.screen import Screen
from reflow.view.status import by_cause, headline, next_lines, queue_lines, status_text

NOW = calendar.timegm(time.strptime("2026-11-18T14:08:52", "%Y-%m-%dT%H:%M:%S"))


def typed(command, *words):
    return " ".join(["python flow.py", command, *words])


def test_the_first_line_says_how_far_the_run_is(status):
    line = headline(status(), Screen(), NOW)

    assert line == "demo-20261118-3f9a2c1b  RUNNING  81/101+?  started 6m41s ago"


def test_a_run_that_is_over_says_how_long_it_took(status, task):
    tasks = {"prepare": task("succeeded", succeeded=1)}
    over = status("succeeded", ended_at="2026-11-18T14:03:11Z", tasks=tasks, failed=[])

    assert headline(over, Screen(), NOW) == "demo-20261118-3f9a2c1b  SUCCEEDED  1/1  100%  took 1m00s"


def test_each_task_has_one_line_with_its_counts(status):
    lines = status_text(status(), Screen(), NOW).splitlines()

    assert lines[2].split() == ["task", "done", "reused", "run", "queue", "fail", "total"]
    assert [line.split() for line in lines[3:6]] == [
        ["⟳", "prepare", "-", "1", "-", "-", "-", "1"],
        ["▶", "convert", "60", "20", "13", "5", "2", "100"],
        ["·", "finalize", "-", "-", "-", "-", "-", "?", "waits", "for", "convert"],
    ]


def test_failures_of_one_cause_are_one_line(status):
    text = status_text(status(), Screen(), NOW)

    assert "✗ failed    convert[7,42]  FileNotFoundError: b.nc" in text


def test_failures_of_different_tasks_are_different_causes(failure):
    found = by_cause([failure(1, "boom\nmore"), failure(0, "boom", "merge"), failure(2, "boom")])

    assert found == [("boom", ("convert", [1, 2])), ("boom", ("merge", [0]))]


def test_a_failure_without_a_reason_is_said(failure):
    assert by_cause([failure(None, None)]) == [("no reason is known", ("convert", [None]))]


def test_of_many_reasons_to_wait_the_first_ones_are_lines(status):
    waits = {"convert": {f"reason {n}": 9 - n for n in range(5)}}
    lines = queue_lines(status(queue={"as_of": "2026-11-18T14:02:11Z", "waits": waits}), Screen())

    assert lines[0] == "  … queued    convert (9)  reason 0"
    assert [line.strip() for line in lines[3:]] == [
        "and 2 more reasons: status --json lists all",
        "as the scheduler said at 2026-11-18T14:02:11Z",
    ]


def test_what_to_type_next_follows_from_the_state(status):
    assert next_lines(status(), typed) == ["next:  python flow.py wait"]
    assert next_lines(status("succeeded", failed=[]), typed) == ["next:  python flow.py results"]
    assert next_lines(status("failed"), typed) == [
        "next:  python flow.py logs convert[7]",
        "       python flow.py retry",
    ]
    assert next_lines(status("cancelled", failed=[]), typed) == ["next:  python flow.py retry"]


def test_the_logs_to_look_at_are_those_of_the_first_failure_that_has_some(status, failure):
    without = failure(None, "its lists are of unequal length", "zipped") | {"log": None}

    assert next_lines(status("failed", failed=[without, failure(7, "x")]), typed) == [
        "next:  python flow.py logs convert[7]",
        "       python flow.py retry",
    ]
    assert next_lines(status("failed", failed=[without]), typed) == ["next:  python flow.py retry"]


def test_a_run_whose_driver_is_gone_is_not_waited_for(status):
    said = "nothing drives this run any more; go on with: reflow advance x"
    alone = status(driver={"alive": False, "holder": ""}, messages=[said])

    assert next_lines(alone, typed) == []
    assert said in status_text(alone, Screen(), NOW, typed)


def test_all_of_it_is_ascii_where_nothing_else_can_be_shown(status):
    assert status_text(status(), Screen(unicode=False), NOW, typed).isascii()


@given(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=64),
    st.text(max_size=300),
)
def test_no_line_is_wider_than_the_screen(status, task, failure, name, error):
    counts = dict.fromkeys(("succeeded", "reused", "running", "submitted", "failed"), 10000)
    wide = status(
        tasks={name: task("failed", 50_000, **counts)}, failed=[failure(7, error.replace("\r", ""), name)]
    )

    assert max(map(len, status_text(wide, Screen(), NOW).split("\n"))) <= 100


def test_a_rebuilt_run_waits_for_advance(status):
    assert next_lines(status("held"), typed) == [
        "next:  python flow.py advance   (it was rebuilt and waits for you)"
    ]


HOSTILE = "ValueError: \x1b[2J\x07\x9b31m gone"


def test_no_screen_hands_a_terminal_what_an_error_would_have_it_do(status, task, failure):
    broken = status(
        tasks={"convert": task("failed", None, failed=1), "next": {**task("succeeded"), "reason": HOSTILE}},
        failed=[failure(1, HOSTILE)],
        messages=[HOSTILE],
        queue={"waits": {"convert": {HOSTILE: 1}}, "as_of": "now"},
    )
    row = {"task": "convert", "index": 1, "array": True, "state": "failed", "attempt": 1, "reason": HOSTILE}
    planned = {**task("run"), "reason": HOSTILE, "run": 1, "reused": 0}
    screens = [
        status_text(broken, Screen(), NOW),
        card_html(broken),
        *change_lines(None, broken),
        instances_text([row], Screen()),
        log_header({**row, "path": "/r/convert.log"}, Screen()),
        plan_text({"workflow": "demo", "tasks": {"convert": planned}}, Screen()),
    ]

    for screen in screens:
        assert not {letter for letter in screen if unicodedata.category(letter) == "Cc"} - {"\n"}
    assert r"\x1b[2J" in screens[0]
