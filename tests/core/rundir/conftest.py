"""A submission's folders."""

from __future__ import annotations

import pytest

from reflow.filesystem.files import make_directory
from reflow.rundir.layout import RunPaths


@pytest.fixture
def sub(tmp_path):
    made = RunPaths(str(tmp_path / ".reflow" / "demo-1")).submission("0" * 20)
    for folder in (made.directory, made.claims, made.outcomes, made.done):
        make_directory(folder)
    return made
