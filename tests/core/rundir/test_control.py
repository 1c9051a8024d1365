"""What is asked for by files in control/ is there whole, or not asked for."""

from __future__ import annotations

import errno
import os

import pytest

from reflow.errors import RunDirError
from reflow.filesystem.files import make_directory
from reflow.rundir.control import Scope, list_requests, write_request
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
