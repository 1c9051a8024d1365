"""A task that finds files is not reused when it says so, and is hinted at when it should."""

from __future__ import annotations

import re

import pytest

PLACE = "_names in finding.py:13 calls glob"
HINT = f"{PLACE}: files that it finds are not looked at when it is reused; say cache=False"


@pytest.fixture
def submit(terminal):
    """Submit the flow on the files of a directory and return what it found and what was said."""
    folder = terminal.folder / "in"
    folder.mkdir()
    (folder / "a.nc").touch()

    def submit(*words):
        words = ["submit", "--executor", "inline", "--folder", "in", "--watched", "in", *words]
        told = terminal.python("finding.py", *words)
        found = terminal.python(
            "finding.py", "results", "by_name", "always", "by_stamp", "given", "--json"
        ).json
        return found, told.err

    return submit


def test_a_task_that_runs_always_and_one_that_is_given_the_directory_find_what_is_new(submit, terminal):
    submit()
    (terminal.folder / "in" / "b.nc").touch()

    found, _ = submit()

    assert found == {
        "by_name": ["a.nc"],
        "always": ["a.nc", "b.nc"],
        "by_stamp": ["a.nc", "b.nc"],
        "given": 2,
    }


def test_one_that_should_run_always_and_does_not_is_hinted_at_when_it_is_reused(submit):
    _, first = submit()
    _, again = submit()

    assert "calls glob" not in first
    assert again.count("calls glob") == 1
    assert f"by_name reused: {HINT}" in again
    assert "calls glob" not in submit("--quiet")[1]
    assert "calls glob" not in submit("--force")[1]


def test_check_says_it_when_it_is_asked(terminal):
    told = terminal.python("finding.py", "check", "-v").out

    assert f"  {HINT}, or take their directory as a Path (by_name)\n" in told
    assert "calls glob" not in terminal.python("finding.py", "check").out


def test_a_task_that_is_given_a_path_is_told_of_where_it_looks_elsewhere(terminal):
    told = terminal.python("finding_beside.py", "check", "-v").out

    assert re.findall(r"  (.+) in finding_beside.py:\d+ calls (\w+): files", told) == [
        ("elsewhere", "glob"),
        ("step_by_step", "iterdir"),
        ("by_name", "listdir"),
        ("_elsewhere", "listdir"),
    ]
