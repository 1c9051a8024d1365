"""Ctrl-C at whatever moment, and however often, leaves a cancel that holds, and what is said of it is true."""

from __future__ import annotations

import os
import signal
import time

import pytest

from reflow_local.executor import GRACE_S

# Types a command that sends itself Ctrl-C when it comes to a function of reflow for the first time.
AT_A_MOMENT = """
import os, runpy, signal, sys
from importlib import import_module

module, _, name = sys.argv[1].partition(":")
place = import_module(module)
*owners, name = name.split(".")
for owner in owners:
    place = getattr(place, owner)
original = getattr(place, name)

def interrupted(*words, **named):
    setattr(place, name, original)
    os.kill(os.getpid(), signal.SIGINT)
    return original(*words, **named)

setattr(place, name, interrupted)
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""

MOMENTS = [
    "reflow.run.submit:OpenRun",  # run.json has just been written
    "reflow.cli.submit:_announce",
    "reflow.cli.follow:set_off",
    "reflow.cli.follow:Watcher",
    "reflow.run.drive:held",
    "reflow.run.hold:Lease.take",
    "reflow.run.hold:Hold",
    "reflow.run.drive:Coordinator",
    "reflow.run.drive:sweep",
    "reflow.run.drive:_Driver._gather",
    "reflow_local.executor:LocalExecutor.close",
    "reflow.run.hold:Hold.close",
]
STUBBORN = """
import os, time
from pathlib import Path
from typing import Annotated
from reflow import Result, RunDir, TaskInterrupted, Workflow

wf = Workflow("stubborn")

@wf.job
def begin() -> int:
    return 1

@wf.job
def stubborn(first: Annotated[int, Result("begin")], run_dir: RunDir = RunDir()) -> int:
    try:
        (run_dir / "begun").touch()
        while not (run_dir / "gate").exists():
            time.sleep(0.01)
    except TaskInterrupted:
        (run_dir / "told").touch()
        time.sleep(30)
    return 2

if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""


def interrupted_at(terminal, moment, *words):
    return terminal.python("-c", AT_A_MOMENT, moment, "steps.py", *words)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_cancel_is_never_lost_whenever_the_interrupt_comes(terminal, moment):
    told = interrupted_at(terminal, moment, "submit", "--executor", "local", "--delay", "0.2")

    run_id = terminal.steps("runs", "-q").out.strip()
    assert told.code == 130
    status = terminal.steps("status", "--json").json
    assert status["state"] in ("cancelled", "succeeded")
    if status["state"] == "cancelled":
        said = told.err.splitlines()[-2]
        assert said in (
            f"cancelled; to go on: python steps.py retry {run_id}",
            f"a cancel was asked for; to carry it out: python steps.py cancel {run_id}",
        )
        assert terminal.steps("retry").code == 0
    assert terminal.steps("results", "total", "--json").json == {"total": 30}


@pytest.mark.parametrize("moment", MOMENTS[1:9])
def test_a_retry_at_once_runs_everything_that_was_not_done(terminal, moment):
    interrupted_at(terminal, moment, "submit", "--executor", "local", "--delay", "0.2")

    told = terminal.steps("retry")

    assert (told.code, terminal.steps("results", "total", "--json").json) == (0, {"total": 30}), told.err


BY_HAND = """
from steps import wf

try:
    wf.submit("runs/steps", executor="local", delay=0.2, wait=True)
except KeyboardInterrupt:
    raise SystemExit(7)
"""


@pytest.mark.parametrize(
    "moment", ["reflow.run.submit:OpenRun", "reflow.run.handle:go_on", "reflow.run.drive:held"]
)
def test_a_cancel_is_not_lost_where_python_itself_submits(terminal, moment):
    (terminal.folder / "by_hand.py").write_text(BY_HAND)

    told = terminal.python("-c", AT_A_MOMENT, moment, "by_hand.py")

    assert told.code == 7
    assert terminal.steps("status", "--json").json["state"] == "cancelled"


def test_who_interrupts_what_somebody_else_drives_does_not_cancel_it(terminal, until):
    run_id = terminal.steps("submit", "--executor", "local", "--gate", "--detach", "-q").out.strip()
    until(lambda: (terminal.folder / "runs" / "steps" / "begun1").exists())
    root = terminal.run_root(run_id)
    advancing = terminal.begin("-m", "reflow", "advance", run_id)
    until(lambda: list((root / "control").glob("note-*")) or advancing.poll() is not None)

    advancing.send_signal(signal.SIGINT)
    out, err = advancing.communicate(timeout=60)

    assert (advancing.returncode, out, err) == (130, "", "interrupted\n")
    assert not list((root / "control").glob("cancel-*"))
    (terminal.folder / "runs" / "steps" / "gate").touch()
    assert terminal.steps("wait").code == 0


@pytest.fixture
def stubborn(terminal, until):
    """A run whose worker takes long to end, that was interrupted twice; how its ``submit`` ended, and its id."""
    (terminal.folder / "stubborn.py").write_text(STUBBORN)
    process = terminal.begin("stubborn.py", "submit", "--executor", "local")
    place = terminal.folder / "runs" / "stubborn"
    until((place / "begun").exists)
    process.send_signal(signal.SIGINT)
    until((place / "told").exists)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - began < GRACE_S - 2.0
    assert process.returncode == 130
    assert "Traceback" not in err
    (place / "gate").touch()
    terminal.err = err
    terminal.run_id = terminal.python("stubborn.py", "runs", "-q").out.strip()
    return terminal


def test_a_second_interrupt_leaves_at_once_and_says_what_is_still_to_be_done(stubborn):
    assert stubborn.err.splitlines()[-2:] == [
        f"a cancel was asked for; to carry it out: python stubborn.py cancel {stubborn.run_id}",
        "interrupted",
    ]
    assert stubborn.python("stubborn.py", "cancel", stubborn.run_id).code == 0
    assert "CANCELLED" in stubborn.python("stubborn.py", "status").out


def test_a_retry_after_two_interrupts_takes_the_cancel_in_and_runs_the_rest(stubborn):
    told = stubborn.python("stubborn.py", "retry")

    assert told.code == 0
    assert "retrying 1 of run" in told.err
    assert stubborn.python("stubborn.py", "results", "stubborn").out.split() == ["stubborn", "2"]


def test_the_first_look_after_two_interrupts_says_that_the_run_is_cancelled(stubborn):
    assert "CANCELLED" in stubborn.python("stubborn.py", "status").out
    assert (
        '"cancelled"'
        in (stubborn.folder / "runs" / "stubborn" / ".reflow" / stubborn.run_id / "status.json").read_text()
    )


def test_a_second_interrupt_while_the_first_is_written_down_leaves_at_once(terminal, until):
    (terminal.folder / "stubborn.py").write_text(STUBBORN)
    words = ("reflow.run.interrupt:write_request", "stubborn.py", "submit", "--executor", "local")
    process = terminal.begin("-c", AT_A_MOMENT, *words)
    until((terminal.folder / "runs" / "stubborn" / "begun").exists)
    began = time.monotonic()

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert time.monotonic() - began < GRACE_S - 2.0
    assert process.returncode == 130
    assert "a cancel was asked for; to carry it out: python stubborn.py cancel" in err


def test_a_second_interrupt_while_a_run_is_taken_back_leaves_nothing_that_is_taken_for_a_run(terminal):
    twice = AT_A_MOMENT.replace("def interrupted(", "import reflow.run.submit\n\ndef interrupted(").replace(
        "    setattr(place, name, original)\n",
        "    setattr(place, name, original)\n    reflow.run.submit.remove_directory = interrupted\n",
    )

    told = terminal.python("-c", twice, "reflow.run.submit:_warn_of_locks", "steps.py", "submit")

    assert told.code == 130
    assert terminal.steps("runs", "-q").out == ""
    assert terminal.steps("status").code == 4


def test_many_interrupts_at_any_time_lose_nothing(terminal):
    for pause_s in (0.1, 0.2, 0.3, 0.4, 0.6, 0.8):
        before = set(terminal.steps("runs", "-q").out.split())
        process = terminal.begin("steps.py", "submit", "--force", "--executor", "local", "--delay", "0.3")
        time.sleep(pause_s)
        while process.poll() is None:
            os.kill(process.pid, signal.SIGINT)
            time.sleep(0.002)
        process.communicate()

        for run_id in set(terminal.steps("runs", "-q").out.split()) - before:
            if not terminal.run_root(run_id).exists():
                continue
            assert terminal.steps("retry", run_id).code == 0, pause_s
            assert terminal.steps("results", run_id, "total", "--json").json == {"total": 30}
