"""What a run tells its user is said once, and forgotten when it holds no more."""

from __future__ import annotations

import pytest

from reflow.rundir import messages
from reflow.rundir.layout import RunPaths
from reflow.rundir.messages import take_back, tell, told


@pytest.fixture
def paths(tmp_path):
    return RunPaths(str(tmp_path))


def test_what_was_said_is_not_said_again(paths):
    tell(paths, ["one", "two"])
    tell(paths, ["two", "three"])

    assert told(paths) == ["one", "two", "three"]


def test_what_has_several_lines_is_told_in_one(paths):
    tell(paths, ["the store is  damaged\nmake it anew with: reflow store rebuild\n"])

    assert told(paths) == ["the store is damaged; make it anew with: reflow store rebuild"]


def test_what_holds_no_more_is_forgotten_and_the_rest_stays(paths):
    tell(paths, ["a: full; again", "b: full; again", "c: broken"])
    take_back(paths, "; again", but=["b: "])

    assert told(paths) == ["b: full; again", "c: broken"]


def test_what_holds_again_is_told_again_as_the_newest(paths):
    tell(paths, ["a: full; again", "c: broken"])
    take_back(paths, "; again")
    tell(paths, ["a: full; again"])

    assert told(paths) == ["c: broken", "a: full; again"]


def test_what_another_process_tells_while_something_is_taken_back_is_kept(paths, monkeypatch):
    tell(paths, ["a: full; again"])
    seen = messages._lines

    def read(where):
        lines = seen(where)
        monkeypatch.setattr(messages, "_lines", seen)
        tell(where, ["b: broken"])
        return lines

    monkeypatch.setattr(messages, "_lines", read)
    take_back(paths, "; again")

    assert told(paths) == ["b: broken"]


def test_the_lines_of_a_message_are_told_apart(paths):
    tell(paths, ["the store is damaged: no database\n  make it anew\x1f with:  this\n\n"])

    assert told(paths) == ["the store is damaged: no database; make it anew with: this"]
