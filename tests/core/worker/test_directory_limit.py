"""A directory that a task returns has its limit, too."""

from __future__ import annotations

import json

import pytest

MADE = """
@flow.array_job({marks})
def task(run_dir: RunDir, entries: Annotated[int, Param()]) -> Path:
    for number in range(entries):
        (run_dir / "made" / str(number)).mkdir(parents=True)
    return run_dir / "made"
"""


@pytest.fixture
def make(call, monkeypatch):
    """Call a task that returns a directory of so many entries, where three are the limit."""
    monkeypatch.setattr("reflow.filesystem.stamps.DIRECTORY_LIMIT", 3)

    def make(entries, marks=""):
        run, sub = call(MADE.format(marks=marks), [{"entries": entries}])
        return run.ends(sub)[0]

    return make


@pytest.mark.parametrize("marks", ["", "track='content'"], ids=["stat", "content"])
def test_a_returned_directory_of_too_many_entries_fails_its_task_with_what_to_say(make, marks):
    end = make(4, marks)

    assert end.state == "failed"
    assert "more than 3 entries" in end.reason
    assert 'track="path"' in end.reason
    assert not end.value


def test_a_returned_directory_of_as_many_entries_as_are_walked_is_stamped(make):
    end = make(3)

    assert end.state == "succeeded"
    assert json.loads(end.value)["$path"][1][:2] == ["directory", 3]


def test_a_returned_directory_whose_name_is_trusted_may_be_of_any_size(make):
    assert make(4, "track='path'").state == "succeeded"
