"""Cancel holds; what was cancelled runs again when it is asked for, and nothing else does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

NAMES = ["a", "b", "c", "d", "e"]
BEGUN = {"local": 2, "inline": 1}  # instances that run at once


@pytest.fixture
def wf(flows):
    return flows("gates").wf


class Going:
    """A run that is under way in a process of its own, with some of its instances before the gate."""

    def __init__(self, lab, wf, run_dir, process):
        self.lab, self.wf, self.run_dir, self.process = lab, wf, run_dir, process

    @property
    def seen(self):
        return self.lab.seen(self.wf, self.run_dir)

    def open(self, name=""):
        (self.run_dir / (f"open-{name}" if name else "open")).touch()

    def type(self, command, *words):
        return self.lab.cli(self.wf, command, *words, run_dir=self.run_dir)

    @staticmethod
    def let_grow_old():
        """Let an instance run for so long that its outcome is told before its worker begins the next."""
        time.sleep(0.5)

    def called(self, word):
        return sorted(call.split()[1] for call in self.seen.calls if call.startswith(word + " "))


@pytest.fixture
def terminal(lab, flows):
    """Type commands of the script, as a user does in a terminal."""
    started = []

    def start(command, run_dir, *words):
        argv = [
            sys.executable,
            flows("gates").__file__,
            command,
            "--run-dir",
            str(run_dir),
            "--store",
            lab.store,
        ]
        with lab.home():
            process = subprocess.Popen(
                [*argv, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def submit(lab, wf, until, terminal):
    """Submit, and come back when instances have begun."""

    def start(*names):
        run_dir = lab.new_run_dir()
        process = terminal("submit", run_dir, "--executor", lab.executor, "--workers", "2", "--names", *names)
        going = Going(lab, wf, run_dir, process)
        wanted = min(len(names), BEGUN[lab.executor])
        until(lambda: (run_dir / "calls").exists() and len(going.called("begin")) >= wanted)
        return going

    return start


def workers_of(process):
    """Return the processes of its workers."""
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    with open(children) as told:
        return [int(child) for child in told.read().split()]


only_local = pytest.mark.parametrize("executor", ["local"])
only_inline = pytest.mark.parametrize("executor", ["inline"])


@only_local
def test_cancel_ends_what_runs_and_holds(submit):
    run = submit(*NAMES)
    begun = run.called("begin")

    assert run.type("cancel") == 0
    assert run.process.wait(60) == 1
    run.open()

    seen = run.seen
    assert seen.state == "cancelled"
    assert seen.states == {
        "names": "1 succeeded",
        "beside": "1 succeeded",
        "gated": "5 cancelled",
        "behind": "cancelled",
        "gather": "1 cancelled",
    }
    assert run.called("begin") == run.called("interrupted") == begun
    assert run.called("end") == run.called("behind") == []


@only_inline
def test_cancel_of_an_inline_run_holds_from_the_next_instance_on(submit, terminal, until):
    run = submit(*NAMES)

    cancel = terminal("cancel", run.run_dir)
    until(lambda: list(run.run_dir.glob(".reflow/*/control/cancel-??????-????????")))
    run.open()

    assert run.process.wait(60) == 1
    assert cancel.wait(60) == 0
    assert run.seen.state == "cancelled"
    assert run.called("begin") == ["a"]
    assert run.called("behind") == []


@only_local
def test_cancel_then_immediately_retry_runs_everything_that_was_not_done(submit, terminal, until):
    run = submit("done", *NAMES)
    run.let_grow_old()
    run.open("done")
    until(lambda: run.seen.run.results("gated") == {0: "done"})

    assert run.type("cancel") == 0
    retry = terminal("retry", run.run_dir)
    until(lambda: run.called("begin").count("a") == 2)  # before that, the first may see a gate that is open
    run.open()
    assert retry.wait(60) == 0
    run.process.wait(60)
    run.type("wait")

    seen = run.seen
    assert seen.state == "succeeded"
    assert seen.result("gather") == ["done", *NAMES]
    assert run.called("end") == run.called("behind") == sorted(["done", *NAMES])
    assert seen.calls.count("names") == 1
    assert seen.calls.count("gather") == 1


@only_local
def test_cancel_of_some_instances_leaves_the_others(submit, until):
    run = submit(*NAMES)

    assert run.type("cancel", "gated[1,3:5]") == 0
    until(lambda: run.called("interrupted") == ["b"])
    run.open()
    assert run.process.wait(60) == 1

    seen = run.seen
    assert seen.state == "cancelled"
    assert seen.states == {
        "names": "1 succeeded",
        "gated": "3 cancelled, 2 succeeded",
        "behind": "3 skipped, 2 succeeded",
        "gather": "1 skipped",
        "beside": "1 succeeded",
    }
    assert run.called("end") == run.called("behind") == ["a", "c"]


@only_local
def test_cancel_of_a_task_leaves_what_does_not_need_it(submit):
    run = submit(*NAMES)

    assert run.type("cancel", "behind") == 0
    run.open()
    assert run.process.wait(60) == 1

    assert run.seen.states == {
        "names": "1 succeeded",
        "gated": "5 succeeded",
        "behind": "cancelled",
        "gather": "1 skipped",
        "beside": "1 succeeded",
    }


@only_local
def test_a_retry_of_one_cancelled_instance_leaves_the_others_cancelled(submit):
    run = submit(*NAMES)
    run.type("cancel", "gated")
    run.process.wait(60)
    run.open()

    assert run.type("retry", "gated[2]") == 1
    seen = run.seen
    assert seen.states["gated"] == "4 cancelled, 1 succeeded"
    assert seen.states["gather"] == "1 skipped"
    assert run.called("end") == run.called("behind") == ["c"]
    assert seen.state == "cancelled"

    assert run.type("retry") == 0
    assert run.seen.result("gather") == NAMES
    assert run.called("end") == NAMES


@only_local
def test_single_instances_that_nobody_knows_yet_cannot_be_retried_alone(submit, capsys):
    run = submit(*NAMES)
    run.type("cancel")
    run.process.wait(60)
    run.open()
    capsys.readouterr()

    assert run.type("retry", "behind[1]") == 2
    assert (
        "behind was cancelled before its instances were known; retry all of it: " in capsys.readouterr().err
    )
    assert run.type("retry", "behind") == 1  # since what was not named stays cancelled
    assert run.called("behind") == NAMES


@only_local
def test_a_cancel_reaches_one_who_hears_of_it_after_the_retry_that_follows(submit, terminal, until):
    """As one does who is in a long call of a library in C: signals are heard when that returns."""
    run = submit("a", "b", "c")
    workers = workers_of(run.process)

    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    assert run.type("cancel", "gated[1]") == 0
    retried = terminal("retry", run.run_dir, "gated[1]")
    until(lambda: not list(run.run_dir.glob(".reflow/*/control/cancel-??????-????????")))
    for worker in workers:
        os.kill(worker, signal.SIGCONT)
    until(lambda: run.called("interrupted") == ["b"])
    run.open()

    assert [process.wait(60) for process in (retried, run.process)] == [0, 0]
    assert run.called("begin") == ["a", "b", "b", "c"]
    assert run.called("end") == run.called("behind") == ["a", "b", "c"]


@only_local
def test_what_is_retried_does_not_begin_beside_what_was_cancelled_and_still_cleans_up(
    submit, terminal, until
):
    run = submit("a", "b", "c")
    (run.run_dir / "hold-b").touch()
    assert run.type("cancel", "gated[1]") == 0
    until(lambda: run.called("interrupted") == ["b"])
    run.open()
    retried = terminal("retry", run.run_dir, "gated[1]")
    until(lambda: run.called("end") == ["a", "c"])
    run.let_grow_old()
    assert run.called("begin") == ["a", "b", "c"]
    (run.run_dir / "hold-b").unlink()

    assert [process.wait(60) for process in (retried, run.process)] == [0, 0]
    assert run.called("begin") == ["a", "b", "b", "c"]
    assert run.called("end") == ["a", "b", "c"]


@only_local
def test_what_failed_can_be_retried_while_the_rest_runs(submit, until):
    run = submit("fails", "a")
    run.let_grow_old()
    run.open("fails")
    until(lambda: run.seen.run.errors())

    with run.lab.home():
        run.seen.run.retry("gated[0]")
    until(lambda: run.called("begin").count("fails") == 2)
    run.open()

    assert run.process.wait(60) == 1
    assert run.seen.states["gated"] == "1 failed, 1 succeeded"
    assert run.seen.run.errors()[0]["attempt"] == 2


def test_a_cancel_of_a_run_that_is_over_changes_nothing_and_says_so(submit, capsys):
    run = submit("a")
    run.open()
    run.process.wait(60)
    before = run.seen.run.status(as_dict=True)
    capsys.readouterr()

    code = run.type("cancel", before["run_id"])

    told = capsys.readouterr()
    assert "is over (succeeded): nothing was changed" in told.out + told.err
    assert code == 0
    assert run.seen.run.status(as_dict=True) == before


def test_ctrl_c_cancels_the_run_and_ends_with_130(submit):
    run = submit(*NAMES)

    run.process.send_signal(signal.SIGINT)
    _, told = run.process.communicate(timeout=60)

    assert run.process.returncode == 130
    assert "Traceback" not in told
    seen = run.seen
    assert seen.state == "cancelled"
    assert seen.states["gated"] == "5 cancelled"
    assert run.called("end") == []


def test_cancel_without_a_run_needs_exactly_one_that_is_active(submit, capsys):
    one = submit("a")
    with one.lab.home():
        other = one.wf.submit(one.run_dir, executor="local", store=one.lab.store, names=["a"])

    assert one.type("cancel") == 2
    told = capsys.readouterr().err
    assert one.seen.run.id in told
    assert other.id in told

    one.open()
    assert other.wait(60) == "succeeded"
    assert one.process.wait(60) == 0
    assert one.type("cancel") == 4
    assert "no run of gates is active" in capsys.readouterr().err


def test_the_run_of_a_submit_that_did_not_wait_can_be_cancelled_from_python(local_lab, wf, until):
    seen = local_lab.submit(wf, wait=False, names=NAMES)
    until(lambda: len(seen.calls) >= 4)

    with local_lab.home():
        seen.run.cancel()
        assert seen.run.wait(60) == "cancelled"
        (seen.run_dir / "open").touch()
        seen.run.retry()
        assert seen.run.wait(60) == "succeeded"

    assert seen.result("gather") == NAMES
    assert [call for call in seen.calls if call.startswith("end")] == [f"end {name}" for name in NAMES]


def test_status_of_a_run_that_is_under_way_is_valid_and_never_counts_backwards(submit, capsys):
    run = submit(*NAMES)
    done = []
    capsys.readouterr()

    for name in [*NAMES, ""] * 2:
        assert run.type("status", "--json") == 0
        told = json.loads(capsys.readouterr().out)
        done.append(told["tasks"]["gated"]["counts"].get("succeeded", 0))
        run.open(name)

    run.process.wait(60)
    assert done == sorted(done)
    assert run.seen.state == "succeeded"
