"""The local executor keeps the promises of a resident executor, with real processes."""

from __future__ import annotations

import os
import time

import pytest

from reflow.testing.executor_contract import ResidentExecutorContract
from reflow.testing.small_run import SmallRun, pump_until_ended
from reflow_local import LocalExecutor, slot
from reflow_local.process import WorkerProcess


class TestLocalExecutor(ResidentExecutorContract):
    @pytest.fixture
    def executor(self):
        return LocalExecutor({"workers": 2})


TASK = """
@flow.array_job()
def task(n: int) -> int:
    time.sleep(0.2)
    return n
"""


@pytest.fixture
def run(tmp_path):
    return SmallRun(tmp_path, TASK)


@pytest.fixture
def started(monkeypatch):
    """Return the processes that were started, on a machine of two processors."""
    processes = []

    class Noted(WorkerProcess):
        def __init__(self, *words):
            super().__init__(*words)
            processes.append(self)

    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    monkeypatch.setattr(slot, "WorkerProcess", Noted)
    return processes


def warm_up(executor, run, workers=20):
    executor.warm_up(run.serve_argv, str(run.folder), os.path.join(run.paths.logs, "warm.log"), workers)


def finish(executor, run, instances=1):
    request = run.request(run.submission("task", [{"n": n} for n in range(instances)]), instances, 1)
    executor.submit(request)
    return [event.kind for event in pump_until_ended(executor, [request.token], 60.0)]


def test_no_more_workers_than_processors_are_started_before_it_is_known_how_much_there_is_to_do(run, started):
    executor = LocalExecutor({"workers": 20})

    warm_up(executor, run)
    ahead = len(started)
    kinds = finish(executor, run)
    executor.close()

    assert (ahead, len(started)) == (1, 2)
    assert kinds == ["sealed", "ended"]


@pytest.mark.parametrize(("slots", "workers"), [(1, 1), (1, 9), (9, 1), (9, 0)])
def test_no_more_workers_are_started_ahead_than_are_asked_for(run, started, slots, workers):
    executor = LocalExecutor({"workers": slots})

    warm_up(executor, run, workers)
    finish(executor, run)
    executor.close()

    assert len(started) == 1


def test_workers_that_were_to_be_started_are_not_once_it_is_closed(run, started):
    executor = LocalExecutor({"workers": 2})
    warm_up(executor, run)
    executor.close()
    assert len(started) == 1

    finish(executor, run)
    executor.close()

    assert len(started) == 2
    assert all(process.status is not None for process in started)


def test_workers_that_died_while_they_were_loading_are_started_again_for_work(run, started):
    executor = LocalExecutor({"workers": 2})
    warm_up(executor, run)
    started[0].kill("too early")
    started[0].wait(time.monotonic() + 60.0)

    request = run.request(run.submission("task", [{"n": 0}]), 1, 1)
    executor.submit(request)
    kinds = [event.kind for event in executor.pump(60.0)]
    executor.restart(request.token, 0)
    kinds += [event.kind for event in pump_until_ended(executor, [request.token], 60.0)]
    executor.close()

    assert kinds == ["died", "sealed", "ended"]
