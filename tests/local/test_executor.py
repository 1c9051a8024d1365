"""The local executor keeps the promises of a resident executor, with real processes."""

from __future__ import annotations

import os

import pytest

from reflow.testing.executor_contract import ResidentExecutorContract
from reflow.testing.small_run import SmallRun
from reflow_local import LocalExecutor


class TestLocalExecutor(ResidentExecutorContract):
    @pytest.fixture
    def executor(self):
        return LocalExecutor({"workers": 2})


def test_no_more_workers_than_processors_are_started_before_it_is_known_how_much_there_is_to_do(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    executor = LocalExecutor({"workers": 20})
    run = SmallRun(tmp_path, "")

    started = []

    def pass_the_time():
        executor.pump(0.05)
        started.append(sum(bool(slot.descriptors) for slot in executor._slots))

    executor.warm_up(run.serve_argv, str(tmp_path), str(tmp_path / "warm.log"), executor.slots)
    pass_the_time()
    executor.submit(run.request(run.submission("nothing", [{}]), 1)._replace(begin_s=60))
    pass_the_time()
    executor.close()

    assert started == [1, 2]  # the second once the driver waits
