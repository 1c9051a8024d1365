"""Segments hold what was written to them, through kills, errors and full disks."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from reflow.errors import RunDirError
from reflow.rundir.outcomes import Outcome, read_segment
from reflow.rundir.segment import Segment


def ended(segment, index):
    segment.ended(Outcome("e", index, 1, "succeeded", 5, value="null"), 0)


def indices(sub, name):
    return [outcome.index for outcome in read_segment(os.path.join(sub.outcomes, name))[0]]


def test_sealed_segments_are_numbered_and_hold_their_lines_only(sub):
    segment = Segment(sub, 3, 1)
    for index in range(4):
        segment.started(index, 1, 5, 0)
        if index % 2:
            segment.seal()

    assert sorted(os.listdir(sub.outcomes)) == ["3.1.0.jsonl", "3.1.1.jsonl"]
    assert indices(sub, "3.1.0.jsonl") == [0, 1]
    assert indices(sub, "3.1.1.jsonl") == [2, 3]


def test_nothing_to_seal_makes_no_file(sub):
    assert Segment(sub, 0, 0).seal() is None
    assert os.listdir(sub.outcomes) == []


def test_end_is_in_the_file_before_the_next_start_returns(sub):
    segment = Segment(sub, 0, 0)
    ended(segment, 0)

    segment.started(1, 1, 5, 0)

    assert indices(sub, "0.0.part") == [0, 1]


def test_kill_loses_nothing_that_was_written(sub):
    program = (
        "import os, signal, sys; from reflow.rundir.layout import SubmissionPaths\n"
        "from reflow.rundir.segment import Segment\n"
        "segment = Segment(SubmissionPaths(sys.argv[1]), 0, 0)\n"
        "for index in range(20): segment.started(index, 1, 5, 0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )

    subprocess.run([sys.executable, "-c", program, sub.directory], check=False)

    assert indices(sub, "0.0.part") == list(range(20))


@pytest.mark.parametrize("name", ["write", "fsync", "rename", "open"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_error_that_passes_loses_nothing(sub, monkeypatch, name, number):
    segment = Segment(sub, 0, 0)
    ended(segment, 0)
    segment.flush()
    fail_times(monkeypatch, name, number, 2)

    ended(segment, 1)
    sealed = segment.seal()

    assert indices(sub, sealed) == [0, 1]
    assert read_segment(os.path.join(sub.outcomes, sealed))[1] is False


def test_error_that_stays_names_the_file_and_leaves_the_outcomes_in_the_log(sub, monkeypatch, capfd):
    monkeypatch.setenv("REFLOW_PATIENCE_S", "0.1")
    segment = Segment(sub, 0, 0)
    fail_times(monkeypatch, "fsync", errno.ENOSPC, 10**6)
    ended(segment, 17)

    with pytest.raises(RunDirError, match=r"0\.0\.part cannot be written: No space left"):
        segment.seal()

    assert '"i":17' in capfd.readouterr().err


def test_directory_that_was_moved_away_is_said_to_be_gone(sub):
    segment = Segment(sub, 0, 0)
    ended(segment, 0)
    segment.flush()
    os.rename(sub.outcomes, f"{sub.outcomes}.moved")

    with pytest.raises(RunDirError, match="No such file or directory; that directory is gone: move it back"):
        segment.seal()


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSPC, "make room"), (errno.EDQUOT, "make room"), (errno.EROFS, "put that right")],
)
def test_what_is_to_be_done_about_an_error_that_stays_is_said(sub, monkeypatch, number, advice):
    monkeypatch.setenv("REFLOW_PATIENCE_S", "0.1")
    segment = Segment(sub, 0, 0)
    fail_times(monkeypatch, "rename", number, 10**6)
    ended(segment, 0)

    with pytest.raises(RunDirError, match=f"{advice}.* then retry what has no outcome"):
        segment.seal()


def fail_times(monkeypatch, name, number, times):
    real, left = getattr(os, name), [times]

    def failing(*arguments, **keywords):
        if left[0] and not (name == "write" and arguments[0] <= 2):
            left[0] -= 1
            raise OSError(number, os.strerror(number))
        return real(*arguments, **keywords)

    monkeypatch.setattr(os, name, failing)
