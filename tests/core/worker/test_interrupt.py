"""An interruption reaches the instance that it is meant for, whenever it comes."""

from __future__ import annotations

import pytest

from reflow.rundir.control import Scope, write_request
from reflow.testing.small_run import SmallRun
from reflow_local import LocalExecutor

# Its inputs are made after the worker has looked, and before the function is called.
BEFORE_THE_CALL = """
from dataclasses import dataclass

@dataclass
class Input:
    n: int = 1

    def __post_init__(self) -> None:
        DEED

@flow.array_job()
def task(given: Input, run_dir: RunDir) -> int:
    (run_dir / "called").touch()
    return 1
"""
CANCEL = """from reflow.rundir.control import Scope, write_request
        from reflow.rundir.layout import RunPaths
        write_request(RunPaths("ROOT"), "cancel", (Scope(),))
        """


@pytest.mark.parametrize(("name", "state"), [("SIGTERM", "interrupted"), ("SIGUSR1", "cancelled")])
def test_a_signal_just_before_the_function_breaks_the_instance_off(work, tmp_path, name, state):
    deed = f"os.kill(os.getpid(), signal.{name})"
    if state == "cancelled":
        deed = CANCEL.replace("ROOT", str(tmp_path / "runs" / ".reflow" / "small-1")) + deed
    record = {"$record": ["small_flow:Input", {}]}

    run, sub = work(BEFORE_THE_CALL.replace("DEED", deed), [{"given": record}])

    assert [end.state for end in run.ends(sub).values()] == [state]
    assert not (tmp_path / "runs" / "called").exists()


WAITING = """
@flow.array_job()
def task(run_dir: RunDir) -> int:
    (run_dir / "began").touch()
    time.sleep(600)
"""


def test_a_cancel_reaches_a_worker_that_has_only_just_said_that_it_is_ready(tmp_path, until):
    run = SmallRun(tmp_path, WAITING)
    sub = run.submission("task")
    executor = LocalExecutor({"workers": 1})
    native = executor.submit(run.request(sub, 1))
    until((tmp_path / "runs" / "began").exists)
    write_request(run.paths, "cancel", (Scope(),))

    executor.cancel([native])
    events = executor.pump(60.0)
    executor.close()

    assert [event.kind for event in events if event.kind == "died"] == []
    assert run.ends(sub)[0].state == "cancelled"
