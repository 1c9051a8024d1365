"""Runs of small flows, worked on in this process or in workers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reflow.inline import InlineExecutor
from reflow.testing.small_run import SmallRun, pump_until_ended
from reflow_local import LocalExecutor


@pytest.fixture
def call(tmp_path):
    """Call a task of a flow once per set of values, in this process; return the run and its ends by index."""

    def go(text, values=({},), shared=None, **line):
        run = SmallRun(tmp_path, text)
        values = list(values)
        sub = run.submission("task", values, shared, **line)
        executor = InlineExecutor()
        executor.submit(run.request(sub, len(values)))
        pump_until_ended(executor, [os.path.basename(sub.directory)])
        executor.close()
        return run, sub

    yield go
    sys.modules.pop("small_flow", None)


@pytest.fixture
def work(tmp_path):
    """The same in one worker process, one element, whose log is kept."""

    def go(text, values=({},), shared=None, **line):
        run = SmallRun(tmp_path, text)
        values = list(values)
        sub = run.submission("task", values, shared, **line)
        executor = LocalExecutor({"workers": 1})
        executor.submit(run.request(sub, len(values), elements=1))
        run.events = pump_until_ended(executor, [os.path.basename(sub.directory)])
        executor.close()
        return run, sub

    return go


@pytest.fixture
def listed(tmp_path):
    """Run a script of reflow as a process; return which directories it listed."""

    def go(argv):
        python, isolated, *script = argv
        report = tmp_path / "listed"
        tool = Path(__file__).with_name("listed.py")
        ended = subprocess.run([python, isolated, str(tool), str(report), *script], timeout=60, check=False)
        assert ended.returncode == 0
        return set(report.read_text().split("\n"))

    return go
