"""What a run tells its user is said once, and forgotten when it holds no more."""

from __future__ import annotations

import pytest

from reflow.rundir.layout import RunPaths
from reflow.rundir.messages import take_back, tell, told


@pytest.fixture
def paths(tmp_path):
    return RunPaths(str(tmp_path))


def test_what_was_said_is_not_said_again(paths):
    tell(paths, ["one", "two"])
    tell(paths, ["two", "three"])

    assert told(paths) == ["one", "two", "three"]


def test_what_holds_no_more_is_forgotten_and_the_rest_stays(paths):
    tell(paths, ["a: full; again", "b: full; again", "c: broken"])
    take_back(paths, "; again", but=["b: "])

    assert told(paths) == ["b: full; again", "c: broken"]
