"""Resident workers end when they should, and say why when they cannot work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from reflow.rundir.outcomes import part_name, read_segment
from reflow.testing.small_run import SmallRun, pump_until_ended
from reflow.worker.serve import SEAL_LINES, Server
from reflow_local import LocalExecutor

DRIVER = """
import os, sys, time
from pathlib import Path
from reflow.testing.small_run import SmallRun
from reflow_local import LocalExecutor
import reflow_local.process
run = SmallRun(Path(sys.argv[1]), sys.argv[2])
sub = run.submission("task", [{"n": n} for n in range(4)])
executor = LocalExecutor({"workers": 1})
executor.submit(run.request(sub, 4, 1))
print(executor._slots[0]._process.pid, sub.directory, flush=True)
while True:
    executor.pump(1.0)
"""

SLEEPER = """
@flow.array_job()
def task(n: int, run_dir: RunDir) -> int:
    (run_dir / f"began{n}").touch()
    DEED
    return n
"""
UNTIL_GO = "while not (run_dir / 'go').exists(): time.sleep(0.01)"
DEAF = "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGIO])"  # to the end of its driver


def is_there(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def orphan(tmp_path, until):
    """Start a driver with one worker, kill it while that is in its first instance.

    ``head`` is what the worker does when it loads the flow.
    """

    def go(deed, head=""):
        driver = subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(tmp_path), head + SLEEPER.replace("DEED", deed)],
            stdout=subprocess.PIPE,
            text=True,
        )
        pid, directory = driver.stdout.readline().split()
        until((tmp_path / "runs" / "began0").exists)
        driver.kill()
        driver.communicate()
        return int(pid), directory

    return go


def test_worker_ends_at_once_when_its_driver_is_killed_inside_an_instance(orphan, tmp_path, until):
    pid, _directory = orphan("time.sleep(600)")

    until(lambda: not is_there(pid))
    assert sorted(path.name for path in (tmp_path / "runs").glob("began*")) == ["began0"]


def test_interrupted_instance_is_recorded_as_such(orphan, until):
    pid, directory = orphan("time.sleep(600)")
    until(lambda: not is_there(pid))

    from reflow.rundir.outcomes import list_segments, read_segment

    lines = [
        line
        for name in list_segments(f"{directory}/outcomes")
        for line in read_segment(f"{directory}/outcomes/{name}")[0]
    ]
    assert [line.state for line in lines if line.kind == "e"] == ["interrupted"]


def test_worker_that_cannot_be_interrupted_ends_with_its_instance(orphan, tmp_path, until):
    pid, _directory = orphan(UNTIL_GO, DEAF)
    (tmp_path / "runs" / "go").touch()

    until(lambda: not is_there(pid))
    assert sorted(path.name for path in (tmp_path / "runs").glob("began*")) == ["began0"]


def test_leftovers_are_found_and_ended_by_the_next_driver(orphan):
    pid, directory = orphan("time.sleep(600)", DEAF)
    executor = LocalExecutor({"workers": 1})
    from reflow.rundir.boot import boot_argv

    argv = boot_argv(sys.executable, os.path.dirname(os.path.dirname(directory)), "serve")
    assert executor.leftovers(argv) == 1
    executor.end_leftovers(argv)

    assert not is_there(pid)
    assert executor.leftovers(argv) == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        (
            "__import__('threading').Thread(target=time.sleep, args=(600,)).start()\n1 / 0\n",
            "division by zero",
        ),
        ("def broken(:\n", "SyntaxError"),
        ("sys.exit(0)\n", 'if __name__ == "__main__":'),
        ("os._exit(5)\n", "exit status 5"),
        ("os.kill(os.getpid(), 9)\n", "SIGKILL"),
        ("del flow\n", "has no workflow 'flow'"),
    ],
)
def test_flow_that_cannot_be_imported_is_the_reason(tmp_path, text, reason):
    run = SmallRun(tmp_path, text)
    sub = run.submission("task", [{}])
    executor = LocalExecutor({"workers": 1})
    executor.warm_up(run.serve_argv, str(tmp_path), os.path.join(run.paths.logs, "warm.log"), 1)
    executor.submit(run.request(sub, 1))

    events = executor.pump(60.0)
    executor.close()

    assert [event.kind for event in events] == ["died"]
    assert reason in events[0].reason


def test_flow_that_submits_when_it_is_imported_starts_nothing(tmp_path):
    text = """
from reflow_local import LocalExecutor
LocalExecutor().warm_up(["/bin/sh"], ".", "/dev/null", 1)
"""
    run = SmallRun(tmp_path, text)
    sub = run.submission("task", [{}])
    executor = LocalExecutor({"workers": 1})
    executor.submit(run.request(sub, 1))

    events = executor.pump(60.0)
    executor.close()

    assert "submits a workflow when it is imported" in events[0].reason


def test_interruption_reaches_the_function_as_task_interrupted(tmp_path, until):
    deed = (
        "from reflow.errors import TaskInterrupted\n"
        "    try:\n"
        "        (run_dir / 'inside').touch(); time.sleep(60)\n"
        "    except TaskInterrupted:\n"
        "        (run_dir / 'checkpoint').touch(); raise"
    )
    run = SmallRun(tmp_path, SLEEPER.replace("DEED", deed))
    sub = run.submission("task", [{"n": 0}])
    executor = LocalExecutor({"workers": 1})
    executor.submit(run.request(sub, 1))
    until((tmp_path / "runs" / "inside").exists)
    executor.pump(0.1)
    executor.close()

    assert (tmp_path / "runs" / "checkpoint").exists()
    assert run.ends(sub)[0].state == "interrupted"


def test_value_that_is_returned_after_an_interruption_does_not_count(tmp_path, until):
    deed = "\n    try: time.sleep(60)\n    except BaseException: pass"
    run = SmallRun(tmp_path, SLEEPER.replace("DEED", deed))
    sub = run.submission("task", [{"n": 0}])
    executor = LocalExecutor({"workers": 1})
    executor.submit(run.request(sub, 1))
    until((tmp_path / "runs" / "began0").exists)
    executor.pump(0.1)
    executor.close()

    assert run.ends(sub)[0].state == "interrupted"


def test_worker_that_was_killed_while_starting_up_is_told(tmp_path):
    run = SmallRun(tmp_path, "time.sleep(60)\n")
    sub = run.submission("task", [{}])
    executor = LocalExecutor({"workers": 1})
    executor.submit(run.request(sub, 1))
    os.kill(executor._slots[0]._process.pid, signal.SIGKILL)

    events = executor.pump(60.0)
    executor.close()

    assert "SIGKILL" in events[0].reason


QUICK = """
@flow.array_job()
def task(n: int) -> int:
    if n == DEADLY:
        os.kill(os.getpid(), 9)
    return n
"""


def work_through(run, sub, instances):
    """Have one worker do this many instances, and return what happened."""
    executor = LocalExecutor({"workers": 1})
    request = run.request(sub, instances, 1)
    executor.submit(request)
    events = pump_until_ended(executor, [request.token])
    executor.close()
    return events


def test_what_is_done_is_sealed_by_the_thousand_lines_and_each_seal_says_how_many_they_are(tmp_path):
    run = SmallRun(tmp_path, QUICK.replace("DEADLY", "-1"))
    sub = run.submission("task", ({"n": n} for n in range(4000)))

    sealed = [event for event in work_through(run, sub, 4000) if event.kind == "sealed"]

    assert len(sealed) > 1
    for event in sealed:
        lines = [line for name in event.segments for line in read_segment(f"{sub.outcomes}/{name}")[0]]
        assert len(lines) == event.lines
    assert sum(event.lines for event in sealed) == 8000


def test_a_worker_that_dies_behind_sealed_segments_leaves_nothing_out_and_does_nothing_twice(tmp_path):
    run = SmallRun(tmp_path, QUICK.replace("DEADLY", "2700"))
    sub = run.submission("task", ({"n": n} for n in range(4000)))

    events = work_through(run, sub, 4000)

    died = [event.kind for event in events].index("died")
    assert {event.start for event in events[:died]} == {0} != {event.start for event in events[died + 1 :]}
    lines = run.outcomes(sub, [part_name(0, 0)])
    assert sorted(line.index for line in lines if line.kind == "s") == list(range(4000))
    assert sorted(line.index for line in lines if line.kind == "e") == [n for n in range(4000) if n != 2700]


@pytest.mark.parametrize(
    ("lines", "age_s", "sealing_s", "is_due"),
    [
        (SEAL_LINES - 1, 0.1, 0.0, False),
        (SEAL_LINES - 1, 0.3, 0.0, True),
        (SEAL_LINES, 0.0, 0.0, True),
        (SEAL_LINES, 0.011, 0.001, True),
        (SEAL_LINES, 0.1, 0.02, False),  # on a slow disk more time would go to sealing than to work
        (SEAL_LINES, 0.3, 60.0, True),
    ],
)
def test_a_segment_is_sealed_when_it_is_old_or_long_if_that_takes_little_of_the_time(
    lines, age_s, sealing_s, is_due
):
    server = Server(None, None, None, None)
    server._sealing_s = sealing_s
    segment = SimpleNamespace(lines=lines, is_due=lambda least_s: age_s >= least_s)
    server._work = SimpleNamespace(segment=segment)

    assert server._is_due() is is_due
