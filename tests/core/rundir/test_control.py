"""What is asked for by files in control/ is there whole, or not asked for."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from reflow.errors import RunDirError
from reflow.filesystem.files import make_directory
from reflow.rundir import control
from reflow.rundir.control import CancelMarks, Opened, Scope, list_requests, write_opened, write_request
from reflow.rundir.layout import RunPaths


@pytest.mark.parametrize("kind", ["cancel", "retry"])
def test_what_cannot_be_asked_for_says_where_and_what_to_do(tmp_path, monkeypatch, kind):
    paths = RunPaths(str(tmp_path / ".reflow" / "demo-1"))
    make_directory(paths.control)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunDirError) as refused:
        write_request(paths, kind, (Scope(),))
    monkeypatch.undo()

    assert str(refused.value).splitlines() == [
        f"the {kind} cannot be written into {paths.control}: No space left on device",
        "when that is put right, type it again",
    ]
    assert list_requests(paths) == []


def test_an_element_reads_what_was_cancelled_once_and_nothing_of_what_was_opened_before_it(
    tmp_path, monkeypatch
):
    paths = RunPaths(str(tmp_path / ".reflow" / "demo-1"))
    make_directory(paths.control)
    sub = paths.submission("0" * 20)
    make_directory(sub.directory)
    Path(sub.request).write_text(json.dumps({"number": 3}))
    for after in (1, 2, 3):
        write_opened(paths, Opened(after, {"work": [after]}))
    write_request(paths, "cancel", (Scope("work", frozenset((7,))),))
    read = Mock(side_effect=control.read_bytes)
    monkeypatch.setattr(control, "read_bytes", read)
    marks = CancelMarks(paths, sub)

    assert [marks.look() for _ in range(3)] == [True] * 3
    assert [index for index in range(9) if marks.covers("work", index)] == [3, 7]
    assert read.call_count == 3
