"""0 done, 1 the run failed or was cancelled, 2 wrong usage, 3 out of reach, 4 unknown, 130 interrupted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from types import SimpleNamespace

import pytest

from reflow.filesystem.locks import STALE_S
from reflow.run.status import read_status

GATED = ["--n", "4", "--gate", "--executor", "local"]


@pytest.fixture
def held_up(terminal, until):
    """Return how to begin a command that submits instances which wait at a gate, and to wait until they do."""

    def begin(*words):
        process = terminal.begin("steps.py", "submit", *GATED, *words)
        until(lambda: (terminal.folder / "runs" / "steps" / "begun1").exists())
        return process

    processes = []
    yield lambda *words: processes.append(begin(*words)) or processes[-1]
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def detached(terminal, until):
    """The id of a run whose instances wait at a gate, with nobody at the terminal; it is cancelled in the end."""
    run_id = terminal.steps("submit", *GATED, "--detach", "-q").out.strip()
    until(lambda: (terminal.folder / "runs" / "steps" / "begun1").exists())
    yield run_id
    terminal.steps("cancel", run_id)


def open_the_gate(terminal):
    (terminal.folder / "runs" / "steps" / "gate").touch()


def kill_between_transactions(process, terminal):
    """Kill a driver that is not writing: on another machine nobody could undo what it had half written."""
    while True:
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        if not list(terminal.folder.glob("runs/steps/.reflow/*/ledger.db-journal")):
            break
        process.send_signal(signal.SIGCONT)
    process.kill()
    process.communicate()


def counts(terminal):
    status = terminal.steps("status", "--json").json
    return status["state"], {name: task["counts"] for name, task in status["tasks"].items()}


# a run that ends by itself


@pytest.mark.parametrize("executor", ["inline", "local"])
@pytest.mark.parametrize(("words", "code"), [([], 0), (["--bad", "1"], 1)], ids=["succeeds", "fails"])
def test_submit_and_wait_end_as_the_run_did(terminal, executor, words, code):
    assert terminal.steps("submit", "--executor", executor, *words).code == code
    assert terminal.steps("wait").code == code
    assert terminal.steps("status").code == 0
    assert terminal.steps("status", "--exit-code").code == code
    assert terminal.steps("status", "work", "--exit-code").code == code


def test_a_retry_ends_as_the_run_does_then(terminal):
    assert terminal.steps("submit", "--executor", "local", "--bad", "1").code == 1
    assert terminal.steps("retry").code == 1
    assert counts(terminal) == (
        "failed",
        {"prepare": {"succeeded": 1}, "work": {"succeeded": 2, "failed": 1}, "total": {"skipped": 1}},
    )
    assert [fault["attempt"] for fault in terminal.steps("status", "--json").json["failed"]] == [2]


# interruptions


@pytest.mark.parametrize("whom", ["the process", "its group"])
def test_an_interrupt_cancels_the_run_and_exits_with_130(terminal, held_up, whom):
    process = held_up()

    (os.kill if whom == "the process" else os.killpg)(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in err
    run_id = terminal.steps("status", "-q").out.strip()
    assert err.splitlines()[-2:] == [f"cancelled; to go on: python steps.py retry {run_id}", "interrupted"]
    state, tasks = counts(terminal)
    assert state == "cancelled"
    assert tasks["work"] == {"cancelled": 4}
    assert terminal.steps("status", "--exit-code").code == 1


def test_what_was_interrupted_is_retried_to_its_end(terminal, held_up):
    process = held_up()
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    open_the_gate(terminal)

    assert terminal.steps("retry").code == 0
    assert terminal.steps("results", "total", "--json").json == {"total": 60}


def test_who_only_waits_may_leave_without_harm(terminal, detached, until):
    waiting = terminal.begin("steps.py", "wait")
    until(lambda: "work" in waiting.stderr.readline())

    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=60)

    assert waiting.returncode == 130
    assert "Traceback" not in err
    assert terminal.steps("status", "--json").json["state"] == "running"


# runs that go on alone


def test_a_detached_run_is_waited_for(terminal, detached):
    assert terminal.steps("wait", "--timeout", "0.05").code == 1
    open_the_gate(terminal)
    assert terminal.steps("wait", detached).code == 0
    assert terminal.steps("results", "total", "--json").json == {"total": 60}


def test_a_detached_run_is_cancelled_without_naming_it(terminal, detached):
    told = terminal.steps("cancel")

    assert (told.code, detached in told.out) == (0, True)
    assert terminal.steps("wait").code == 1
    assert counts(terminal)[0] == "cancelled"
    assert terminal.steps("cancel").complains(4, "no run of steps is active")


def test_one_instance_is_cancelled_and_the_others_go_on(terminal, detached):
    assert terminal.steps("cancel", "work[3]").code == 0
    open_the_gate(terminal)

    assert terminal.steps("wait").code == 1
    assert counts(terminal)[1] == {
        "prepare": {"succeeded": 1},
        "work": {"succeeded": 3, "cancelled": 1},
        "total": {"skipped": 1},
    }


def test_two_active_runs_are_not_cancelled_by_guessing(terminal, detached):
    other = terminal.steps("submit", *GATED, "--run-dir", "more", "--detach", "-q").out.strip()

    assert terminal.steps("cancel").complains(2, detached, other, "cancel steps-")
    assert terminal.steps("cancel", other).code == 0
    assert terminal.steps("cancel").code == 0


def test_logs_follow_a_run_to_its_end(terminal, detached):
    following = terminal.begin("steps.py", "logs", "-f")
    open_the_gate(terminal)
    out, err = following.communicate(timeout=60)

    assert (following.returncode, err) == (0, "")
    assert sorted(out.split("\n")) == ["", *(f"working on {i}" for i in range(4))]


def test_followed_logs_end_with_the_traceback_that_logs_show(terminal):
    assert terminal.steps("submit", "--executor", "local", "--bad", "1", "-q").code == 1

    followed = terminal.steps("logs", "-f", "work[1]")

    assert followed.code == 0
    assert followed.out == terminal.steps("logs", "work[1]").out
    assert followed.out.count("ValueError: cannot do 1") == 1


# a driver that dies


def test_a_run_whose_driver_was_killed_says_so_and_goes_on_when_told(terminal, held_up, until):
    process = held_up()
    process.kill()
    process.communicate()
    open_the_gate(terminal)

    def messages():
        return terminal.steps("status", "--json").json["messages"]

    until(messages)
    run_id = terminal.steps("status", "-q").out.strip()
    assert messages() == [f"nothing drives this run any more; go on with: reflow advance {run_id}"]
    told = terminal.steps("wait")
    assert (told.code, told.out) == (3, "")
    assert f"go on with: reflow advance {run_id}" in told.err
    told = terminal.steps("retry")
    assert f"go on with: reflow advance {run_id}" in told.out + told.err

    assert terminal.reflow("advance", run_id).code == 0

    assert counts(terminal) == (
        "succeeded",
        {"prepare": {"succeeded": 1}, "work": {"succeeded": 4}, "total": {"succeeded": 1}},
    )
    assert terminal.steps("results", "total", "--json").json == {"total": 60}


def test_a_run_whose_driver_died_on_another_machine_says_so_and_goes_on_when_told(terminal, held_up):
    kill_between_transactions(held_up(), terminal)
    open_the_gate(terminal)
    (lease,) = terminal.folder.glob("runs/steps/.reflow/*/control/lease")
    holder = json.loads(lease.read_text())
    lease.write_text(json.dumps({**holder, "process": ["node7", *holder["process"][1:]]}))
    assert terminal.steps("status", "--json").json["driver"]["alive"] is None
    long_ago = time.time() - STALE_S - 60.0
    os.utime(lease, (long_ago, long_ago))

    told = terminal.steps("wait")
    assert told.code == 3
    program, *words = told.err.strip().rpartition("go on with: ")[2].split()
    assert program == "reflow"
    assert terminal.reflow(*words).code == 0
    assert terminal.steps("results", "total", "--json").json == {"total": 60}


def test_whoever_waits_for_a_driver_on_another_machine_does_not_write_with_each_look(terminal, detached):
    lease = terminal.run_root(detached) / "control" / "lease"
    holder = json.loads(lease.read_text())
    lease.write_text(json.dumps({**holder, "process": ["node7", *holder["process"][1:]]}))
    run = terminal.open()
    run.state  # noqa: B018  # the first look may ask
    before = lease.parent.stat().st_mtime_ns

    assert run.state == "running"
    assert lease.parent.stat().st_mtime_ns == before
    lease.write_text(json.dumps(holder))


def test_a_look_at_the_moment_at_which_a_run_ends_misses_no_driver(terminal, detached, until, monkeypatch):
    run = terminal.open()._run
    lease = terminal.run_root(detached) / "control" / "lease"
    read = run.ledger.overview

    def read_before_it_ends():
        found = read()
        open_the_gate(terminal)
        until(lambda: not lease.exists())
        return found

    monkeypatch.setattr(run.ledger, "overview", read_before_it_ends)
    monkeypatch.setattr("reflow.run.status.time", SimpleNamespace(time=lambda: time.time() + 60.0))

    assert read_status(run)["driver"]["alive"]


@pytest.mark.parametrize("place", [["--run-dir", "runs/steps"], ["--store", "other.db"]], ids=lambda p: p[0])
def test_what_is_said_to_go_on_with_leads_to_a_run_that_its_id_alone_does_not(terminal, held_up, place):
    process = held_up(*place)
    process.kill()
    process.communicate()
    open_the_gate(terminal)

    told = terminal.steps("wait", *place)

    hint = told.err.rpartition("go on with: reflow ")[2].strip()
    assert hint.endswith(f" --run-dir {terminal.folder}/runs/steps")
    assert terminal.reflow(*hint.split()).code == 0


def test_who_follows_the_logs_is_told_too_that_the_driver_was_killed(terminal, held_up):
    process = held_up()
    process.kill()
    process.communicate()

    told = terminal.steps("logs", "-f")

    run_id = terminal.steps("status", "-q").out.strip()
    assert told.code == 3
    assert told.err.startswith(f"error: nothing drives run {run_id} any more")
    assert f"go on with: reflow advance {run_id}" in told.err


def test_a_run_that_somebody_drives_is_not_driven_twice(terminal, detached):
    told = terminal.reflow("advance", detached)
    open_the_gate(terminal)

    assert told.complains(2, "is driven by process")
    program, *words = told.err.partition("follow it with: ")[2].split()
    assert program == "reflow"
    assert terminal.reflow(*words).code == 0


def test_advance_of_a_run_that_is_over_changes_nothing(terminal):
    run_id = terminal.submit()
    before = terminal.steps("status", "--json").out

    assert terminal.reflow("advance", run_id).code == 0
    assert terminal.steps("status", "--json").out == before


def test_a_retry_says_that_it_runs_what_was_submitted(terminal):
    terminal.python("steps.py", "submit", "--bad", "1")
    script = terminal.folder / "steps.py"
    assert "was edited" not in terminal.python("steps.py", "retry").err
    script.write_text(script.read_text().replace("if i in bad", "if False"))

    told = terminal.python("steps.py", "retry")

    assert told.code == 1
    assert (
        f"{script} was edited since this run was submitted, which works with its own copy of the code"
        in told.err
    )
    assert terminal.python("steps.py", "submit", "--bad", "1").code == 0


def test_a_run_whose_copy_of_the_code_is_gone_says_so_and_not_that_a_file_was_edited(terminal):
    terminal.python("steps.py", "submit", "--bad", "1")
    (source,) = terminal.folder.rglob(".reflow/*/source")
    shutil.rmtree(source)

    said = terminal.python("steps.py", "status").out

    assert f"its own copy of {terminal.folder / 'steps.py'}, which is gone from {source}" in " ".join(
        said.split()
    )
    assert "was edited" not in said


def test_a_plugin_that_was_only_asked_is_no_code_of_the_users(terminal):
    told = terminal.python("steps.py", "submit")
    (written,) = terminal.folder.rglob(".reflow/*/run.json")

    assert "slurm not available" in told.err
    assert list(json.loads(written.read_text())["modules"]) == ["steps"]


def test_what_a_retry_inline_makes_by_changed_code_counts_in_its_run_alone(terminal):
    given = ("submit", "--bad", "1", "--executor", "inline")
    terminal.python("steps.py", *given)
    script = terminal.folder / "steps.py"
    text = script.read_text()
    script.write_text(text.replace("if i in bad", "if False"))

    told = terminal.python("steps.py", "retry")

    assert told.code == 0
    what = "was edited since this run was submitted, and may be called as it is now, for this run alone"
    assert f"{script} {what}" in told.err
    script.write_text(text)
    assert terminal.python("steps.py", *given).code == 1
