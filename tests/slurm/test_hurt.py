"""Whole runs on real Slurm daemons, whose jobs, nodes and daemons are hurt: they end right, or say what is wrong."""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from cluster_runs import DEMO_GIVEN, ClusterRun, User
from watched import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

NOWHERE = """
from reflow import Workflow

wf = Workflow("nowhere")


@wf.job(partition="nowhere")
def task() -> int:
    return 1


raise SystemExit(wf.cli())
"""


ABSENT = """
import os
from reflow import Workflow

if "SLURM_JOB_ID" in os.environ:
    raise RuntimeError("libfoo.so.3 is not here")
wf = Workflow("absent")


@wf.job
def one() -> int:
    return 1


raise SystemExit(wf.cli())
"""


@pytest.fixture(scope="module")
def hurt(load_flows: Callable[[str], ModuleType]) -> ModuleType:
    """The flows."""
    return load_flows("hurt_runs")


class Begun(NamedTuple):
    """What takes half a minute or more, since nothing is known sooner, begun before the first test.

    Attributes:
        drained: A run that waits for the node n3, which is drained.
        unguarded: A run whose watchdog and safety net were ended by hand.
        guards: The jobs that these were.
        held_up: A run whose controller was away when it went on.
        vanished: A run whose job died while nobody looked, on a cluster that soon forgets what has ended.
        watchdog: The job that is to look after that one.
    """

    drained: ClusterRun
    unguarded: ClusterRun
    guards: set[str]
    held_up: ClusterRun
    vanished: ClusterRun
    watchdog: str


@pytest.fixture(scope="module", autouse=True)
def begun(
    accounted: Any, bare: Any, hurt: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Begun]:
    """What was begun before the first test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        user = _at(accounted, tmp_path_factory.mktemp("drained"), patch)
        user.cluster.run("scontrol", "update", "NodeName=n3", "State=DRAIN", "Reason=test")
        drained = user.submit(hurt.on_n3)
        user.wait(lambda: drained.queued("stays_on_n3"))

        user = _at(accounted, tmp_path_factory.mktemp("unguarded"), patch)
        unguarded = user.submit(hurt.gate)
        user.wait(lambda: unguarded.began("gate") and unguarded.queued("net"))
        guards = {unguarded.array("watchdog"), unguarded.array("net")}
        user.cluster.run("scancel", *guards)

        user = _at(accounted, tmp_path_factory.mktemp("held-up"), patch)
        held_up = user.submit(hurt.gate)
        user.wait(lambda: held_up.began("gate"))
        user.cluster.daemon("stop", "slurmctld")
        try:
            held_up.open()
            user.wait(lambda: any("behind_gate" in told for told in held_up.picture["messages"]), 60.0)
        finally:
            user.cluster.daemon("start", "slurmctld")

        user = _at(bare, tmp_path_factory.mktemp("vanished"), patch)
        vanished = user.submit(hurt.vanishing)
        user.wait(lambda: vanished.began("vanishing") and vanished.queued("watchdog"))
        watchdog = vanished.array("watchdog")
        user.cluster.run("scontrol", "hold", watchdog)
        vanished.open()
        user.wait(lambda: not vanished.queued("vanishes"))
    yield Begun(drained, unguarded, guards, held_up, vanished, watchdog)
    until(lambda: accounted.revive("n3"))


def _at(cluster: Any, place: Path, patch: pytest.MonkeyPatch) -> User:
    patch.setenv("SLURM_CONF", cluster.conf)
    patch.chdir(place)
    return User(place, cluster)


def submissions(run: ClusterRun, task: str) -> int:
    """Return how many submissions a task has had."""
    asked = [json.loads(path.read_text()) for path in run.root.glob("jobs/*/request.json")]
    return sum(1 for one in asked if one["task"] == task)


def age_s(run: ClusterRun, task: str) -> float:
    """Return for how many seconds the first submission of a task has been there."""
    asked = [
        path for path in run.root.glob("jobs/*/request.json") if json.loads(path.read_text())["task"] == task
    ]
    return time.time() - min(path.stat().st_mtime for path in asked)


def begins_in_s(user: User, job: str) -> float:
    """Return in how many seconds a job may begin."""
    shown = user.cluster.run("scontrol", "show", "job", job)
    (begin,) = set(re.findall(r"EligibleTime=(\S+)", shown))
    return (datetime.datetime.fromisoformat(begin) - datetime.datetime.now()).total_seconds()


def tried_again(user: User, run: ClusterRun, task: str, first: str) -> str:
    """Return the number of the next array job of a task."""
    user.wait(lambda: any(job.array != first for job in run.queued(task)))
    (number,) = {job.array for job in run.queued(task)} - {first}
    return number


def told(run: ClusterRun) -> str:
    """Return what a look at a run tells beside its table."""
    return "\n".join(run.run.status(as_dict=True)["messages"])


@contextlib.contextmanager
def revived(user: User, node: str) -> Iterator[None]:
    """Bring a node back afterwards."""
    try:
        yield
    finally:
        user.wait(lambda: user.cluster.revive(node))


# Killed at the end ----------------------------------------------------------------------------------------


def test_watchdog_carries_on_when_the_last_element_dies_before_its_outcome_is_written(user, hurt):
    run = user.submit(hurt.unsaid)

    assert user.see_end(run) == "succeeded"
    assert run.run.result("after_unsaid") == [0, 1, 2]
    assert submissions(run, "dies_unsaid") == 2
    assert "watchdog" in {job.task for job in run.jobs if job.state == "COMPLETED"}


def test_watchdog_carries_on_when_the_last_element_dies_after_its_outcome_is_written(user, hurt):
    run = user.submit(hurt.unmarked)

    assert user.see_end(run) == "succeeded"
    assert run.run.result("after_unmarked") == [0, 1, 2]
    assert submissions(run, "dies_unmarked") == 1


# Accepted twice -------------------------------------------------------------------------------------------

TWICE = """
case "$*" in *.count_calls.*) ;; *) exec "$REAL" "$@" ;; esac
cat > "$PLACE/script"
again() { "$REAL" "$@" < "$PLACE/script"; }
"""
ANSWERED = TWICE + 'again "$@"; again "$@" > /dev/null'
FAILED = (
    TWICE
    + """
again "$@" > /dev/null; again "$@" > /dev/null
echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2; exit 1
"""
)
#: The first copy works on all of it when the second is queued, which is the one that is heard of.
TOO_LATE = (
    TWICE
    + """
again "$@" > "$PLACE/first"
until [ -e "$PLACE/run0/began-0" ] && [ -e "$PLACE/run0/began-1" ]; do sleep 0.1; done
again "$@" > "$PLACE/answer"
mv "$PLACE/answer" "$PLACE/second"; cat "$PLACE/second"
"""
)


def submit_twice(user: User, hurt: ModuleType, monkeypatch: Any, script: str, count: int) -> ClusterRun:
    """Return a run of which the second stage is queued twice."""
    for name, value in user.wrap_sbatch(script).items():
        monkeypatch.setenv(name, value)
    return user.submit(hurt.counted, count=count)


def calls(run: ClusterRun) -> dict[str, list[str]]:
    """Return in which jobs the function was called, by its argument."""
    return {path.name: path.read_text().split() for path in run.folder.glob("calls-*")}


@pytest.mark.parametrize("script", [ANSWERED, FAILED], ids=["answers", "fails"])
def test_copy_that_loses_its_claims_leaves_no_trace(user, hurt, monkeypatch, script):
    run = submit_twice(user, hurt, monkeypatch, script, 5)
    user.wait(lambda: run.began(*"01234"))
    user.wait(lambda: len(run.queued("count_calls")) == 5)
    run.open()

    assert user.see_end(run, 100.0) == "succeeded"
    assert run.run.result("after_counted") == list("01234")
    assert [len(jobs) for jobs in calls(run).values()] == [1] * 5
    assert submissions(run, "count_calls") == 1
    assert {len(counts) for counts in run.counts.values()} == {1}
    user.wait(lambda: not run.queue)


def test_copy_that_really_runs_is_not_lost_with_the_one_that_was_heard_of(user, hurt, monkeypatch):
    run = submit_twice(user, hurt, monkeypatch, TOO_LATE, 2)
    user.wait(lambda: run.began("0", "1") and (user.place / "second").exists())
    first, second = (Path(user.place, name).read_text().strip() for name in ("first", "second"))
    user.wait(lambda: {job.array for job in run.queued("count_calls")} == {first})
    user.wait(lambda: "watchdog" in {job.task for job in run.jobs if job.state == "COMPLETED"})
    user.wait(lambda: {j.state for j in run.jobs if j.number.startswith(f"{second}_")} == {"COMPLETED"})
    run.open()

    assert user.see_end(run) == "succeeded"
    assert calls(run) == {"calls-0": [first], "calls-1": [first]}
    assert submissions(run, "count_calls") == 1


def test_cancel_ends_the_copy_that_really_runs(user, hurt, monkeypatch):
    run = submit_twice(user, hurt, monkeypatch, TOO_LATE, 2)
    user.wait(lambda: run.began("0", "1") and len(run.queued("watchdog")) == 1)
    run.run.cancel()

    user.see_cancelled(run)
    assert run.counts["count_calls"] == {"cancelled": 2}


# Cancel ---------------------------------------------------------------------------------------------------

SLOW = """
case "$*" in *.behind_gate.*) touch "$PLACE/inside"; sleep 3 ;; esac
exec "$REAL" "$@"
"""


def test_cancel_holds_though_the_coordinator_is_inside_sbatch(user, hurt, monkeypatch):
    for name, value in user.wrap_sbatch(SLOW).items():
        monkeypatch.setenv(name, value)
    run = user.submit(hurt.gate)
    user.wait(lambda: run.began("gate"))
    run.open()
    user.wait((user.place / "inside").exists)
    run.run.cancel()

    user.see_cancelled(run)
    assert run.run.state == "cancelled"
    assert run.counts["behind_gate"] == {"cancelled": 1}
    before = len(list(run.root.glob("jobs/*")))
    time.sleep(2.0)
    assert run.queue == {}
    assert len(list(run.root.glob("jobs/*"))) == before


def test_late_worker_changes_nothing(user, hurt):
    run = user.submit(hurt.stubborn)
    user.wait(lambda: run.began("late"))
    run.run.cancel()
    user.wait((run.folder / "was-late").exists)
    user.wait(lambda: not run.queue)
    time.sleep(1.0)

    assert run.run.state == "cancelled"
    assert run.counts == {"is_late": {"cancelled": 1}, "behind_late": {"cancelled": 1}}
    assert run.run.results("is_late") == {}
    assert run.run.status(as_dict=True)["messages"] == []


def test_instance_that_is_cancelled_in_a_pack_leaves_the_rest_of_it_running(user, hurt):
    run = user.submit(hurt.packed)
    user.wait(lambda: run.began("0", "3"))
    run.run.cancel("in_pack[4]")
    run.open()

    user.see_end(run)
    assert run.counts["in_pack"] == {"succeeded": 5, "cancelled": 1}
    assert run.run.results("in_pack") == {n: str(n) for n in (0, 1, 2, 3, 5)}
    assert not run.began("4")


# By hand --------------------------------------------------------------------------------------------------


def test_array_that_was_ended_by_hand_while_it_waited_was_cancelled_and_is_not_tried_again(user, hurt):
    run = user.submit(hurt.on_n3)  # which is drained
    user.wait(lambda: run.queued("stays_on_n3"))
    user.cluster.run("scancel", run.array("stays_on_n3"))

    assert user.see_end(run, 100.0) == "cancelled"
    assert run.counts["stays_on_n3"] == {"cancelled": 2}
    assert submissions(run, "stays_on_n3") == 1


def test_watchdog_that_was_ended_by_hand_is_not_missed_when_all_goes_well(user, hurt):
    run = user.submit(hurt.gate)
    user.wait(lambda: run.began("gate"))
    user.cluster.run("scancel", run.array("watchdog"))
    run.open()

    assert user.see_end(run) == "succeeded"


def others_than(guards: set[str], run: ClusterRun) -> bool:
    """Look at a run, and return whether it has a watchdog and a safety net that it did not have before."""
    run.run.status(as_dict=True)
    return all({job.array for job in run.queued(kind)} - guards for kind in ("watchdog", "net"))


def test_run_whose_guards_were_ended_by_hand_gets_others_at_the_next_look(user, begun):
    run = begun.unguarded
    user.wait(lambda: others_than(begun.guards, run))
    run.open()

    assert user.see_end(run) == "succeeded"


def waits(run: ClusterRun, task: str) -> str:
    """Return what a look at a run says about why the jobs of a task wait."""
    found = run.run.status(as_dict=True)["queue"]["waits"].get(task, {})
    return "; ".join(found)


def test_drained_node_is_waited_for_in_words(user, begun):
    run = begun.drained
    user.wait(lambda: "ReqNodeNotAvail" in waits(run, "stays_on_n3"))
    assert "type: sinfo -N" in waits(run, "stays_on_n3")
    (asked,) = run.run.why("stays_on_n3", 1, as_dict=True)
    queue = asked["queue"]
    assert queue["native_id"].split(";")[0] == run.array("stays_on_n3")
    assert queue["job"] == f"job {run.array('stays_on_n3')}_1"
    assert queue["element"] == 1
    assert queue["at_work"] == 0
    assert "type: sinfo -N" in "; ".join(queue["reasons"])
    run.open()
    user.wait(lambda: user.cluster.revive("n3"))

    assert user.see_end(run) == "succeeded"


def test_partition_that_is_down_is_waited_for_in_words(user, hurt):
    user.cluster.run("scontrol", "update", "PartitionName=debug", "State=DOWN")
    try:
        run = user.submit(hurt.in_debug)
        user.wait(lambda: "its partition is down; type: sinfo -s" in waits(run, "in_partition"))
    finally:
        user.cluster.run("scontrol", "update", "PartitionName=debug", "State=UP")

    assert user.see_end(run) == "succeeded"


def test_wrong_account_or_partition_fails_its_task_in_sbatchs_words_with_what_to_type(user, hurt):
    run = user.submit(hurt.misplaced)

    assert user.see_end(run) == "failed"
    assert run.run.result("in_place") == 1
    reasons = run.reasons
    assert "Invalid partition name specified; type: sinfo -s" in reasons["without_partition[0]"]
    assert "Invalid account" in reasons["without_account[0]"]
    assert "type: sacctmgr show assoc" in reasons["without_account[0]"]
    assert run.counts["after_misplaced"] == {"skipped": 1}


def typed(user, flow, *words):
    """Type a command that may fail."""
    argv = [sys.executable, flow, *words]
    return subprocess.run(argv, cwd=user.place, capture_output=True, text=True, timeout=60.0, check=False)


def test_submit_of_what_is_refused_altogether_ends_with_1_and_shows_why(user):
    (user.place / "nowhere.py").write_text(NOWHERE)

    done = typed(user, "nowhere.py", "submit", "--executor", "slurm", "--run-dir", "runs")

    assert done.returncode == 1, done.stderr
    assert "Invalid partition name specified; type: sinfo -s" in done.stdout


def test_flow_that_cannot_be_loaded_on_a_node_says_why_and_where_that_stands(user):
    (user.place / "absent.py").write_text(ABSENT)

    done = typed(user, "absent.py", "submit", "--executor", "slurm", "--run-dir", "runs", "--wait")

    assert done.returncode == 1, done.stderr
    assert "exit status 1: RuntimeError: libfoo.so.3 is not here)" in done.stderr
    log = re.search(r"its log: (.*)", typed(user, "absent.py", "why", "one").stdout)[1]
    assert "RuntimeError: libfoo.so.3 is not here" in Path(log).read_text()
    assert (
        f"no instance was begun; what their jobs wrote: {log}"
        in typed(user, "absent.py", "logs", "one").stderr
    )


# Without accounting ---------------------------------------------------------------------------------------


def test_cluster_without_accounting_gives_the_same_results(bare_user):
    here, there = bare_user.place / "here", bare_user.place / "there"
    bare_user.type("submit", *DEMO_GIVEN, "--executor", "local", "--run-dir", str(here), "--store", "here.db")
    bare_user.type(
        "submit", *DEMO_GIVEN, "--executor", "slurm", "--run-dir", str(there), "--store", "there.db"
    )
    (status,) = there.glob(".reflow/*/status.json")
    bare_user.wait(lambda: json.loads(status.read_text())["state"] != "running")

    results = [
        json.loads(bare_user.type("results", "--json", "--run-dir", str(folder), "--store", store))
        for folder, store in ((here, "here.db"), (there, "there.db"))
    ]
    for one in results:
        one.pop("run_id", None)
    assert results[0] == results[1]


def test_cluster_without_accounting_gives_the_reasons_that_the_controller_knows(bare_user, flows):
    run = bare_user.submit(flows.faults)

    assert bare_user.see_end(run) == "failed"
    assert run.run.results("go_on") == {0: "well", 4: "fine"}
    assert "signal 9" in run.reasons["suffer[3]"]


def test_element_ended_by_hand_was_cancelled_from_outside_without_accounting_too(bare_user, flows):
    run = bare_user.submit(flows.gates, count=3)
    bare_user.wait(lambda: run.began("0", "1", "2"))
    bare_user.cluster.run("scancel", f"{run.array('gated')}_1")
    run.open("0")
    run.open("2")

    assert bare_user.see_end(run) == "cancelled"
    assert run.counts["gated"] == {"succeeded": 2, "cancelled": 1}


def test_accounting_that_stops_in_the_middle_changes_no_result(user, flows):
    run = user.submit(flows.gates, count=3)
    user.wait(lambda: run.began("0", "1", "2"))
    user.cluster.daemon("stop", "slurmdbd")
    try:
        user.cluster.run("scancel", f"{run.array('gated')}_1")
        run.open("0")
        run.open("2")
        assert user.see_end(run, 90.0) == "cancelled"
        assert run.counts["gated"] == {"succeeded": 2, "cancelled": 1}
        assert run.run.results("behind") == {0: "0", 2: "2"}
    finally:
        user.cluster.daemon("start", "slurmdbd")


# Daemons --------------------------------------------------------------------------------------------------


def test_node_without_its_daemon_holds_nothing_up(user, hurt):
    run = user.submit(hurt.whole_node)  # so that Slurm gives nothing else to that node
    user.wait(lambda: run.began("node"))
    (job,) = run.queued("fills_node")
    user.cluster.daemon("stop", job.node, "--kill")
    try:
        run.open()
        assert user.see_end(run) == "succeeded"
        assert run.run.result("behind_node") == "node"
    finally:
        user.cluster.daemon("start", job.node)


def test_controller_that_was_away_held_a_run_up_and_no_more(user, begun):
    assert user.see_end(begun.held_up, 90.0) == "succeeded"
    assert begun.held_up.run.result("behind_gate") == "gate"
    assert submissions(begun.held_up, "behind_gate") == 1


def test_job_that_vanished_is_tried_again_later(bare_user, begun):
    run, user = begun.vanished, bare_user
    user.wait(lambda: age_s(run, "vanishes") > 61.0, 70.0)
    assert user.cluster.run("squeue", "-h", "-t", "all", "-o", "%j").count(".vanishes.") == 0
    user.cluster.run("scontrol", "release", begun.watchdog)
    second = tried_again(user, run, "vanishes", "")

    assert 30.0 < begins_in_s(user, second) <= 61.0
    user.wait(lambda: "vanishes: 1 handed over again: its job vanished" in told(run))
    run.run.cancel()


# Ends that are nobody's fault -----------------------------------------------------------------------------


def test_job_on_a_node_that_fails_is_tried_again_later_and_elsewhere(user, hurt):
    run = user.submit(hurt.gate)
    user.wait(lambda: run.began("gate"))
    (first,) = run.queued("before_gate")
    user.cluster.run("scontrol", "update", f"NodeName={first.node}", "State=DOWN", "Reason=test")
    with revived(user, first.node):
        second = tried_again(user, run, "before_gate", first.array)

    assert 30.0 < begins_in_s(user, second) <= 61.0
    assert f"ExcNodeList={first.node}\n" in user.cluster.run("scontrol", "show", "job", second)
    user.wait(
        lambda: f"before_gate: 1 handed over again: its node failed (NODE_FAIL on {first.node}" in told(run)
    )
    run.run.cancel()


def test_job_that_was_preempted_is_tried_again_later(user, hurt):
    run = user.submit(hurt.whole_node)
    user.wait(lambda: run.began("node"))
    (first,) = run.queued("fills_node")
    options = ["--partition=urgent", "--cpus-per-task=8", f"--nodelist={first.node}", "--output=/dev/null"]
    user.cluster.run("sbatch", *options, "--wrap", "true")
    second = tried_again(user, run, "fills_node", first.array)

    assert 30.0 < begins_in_s(user, second) <= 61.0
    user.wait(lambda: "fills_node: 1 handed over again: its job was preempted (PREEMPTED" in told(run))
    run.run.cancel()


def taken(run, task):
    """What is told of a failed task's time and memory, once both are known."""
    (told,) = run.run.why(task, as_dict=True)
    failure = told["failure"]
    known = (failure["took_s"], failure["peak_mib"])
    return known if None not in known else None


def test_job_that_takes_too_much_memory_fails_with_that_reason_or_is_tried_again(user, hurt):
    run = user.submit(hurt.hungry)

    assert user.see_end(run, 90.0) == "failed"
    assert "memory" in run.reasons["takes_too_much[0]"]
    user.wait(lambda: taken(run, "takes_too_much") is not None, 30.0)  # accounting may come late
    took_s, peak_mib = taken(run, "takes_too_much")
    assert took_s < 60.0
    assert 60 < peak_mib < 1000
    assert submissions(run, "takes_too_much") == 1
    assert run.run.result("takes_too_much_once") == 1
    assert submissions(run, "takes_too_much_once") == 2
    user.wait(lambda: "takes_too_much_once: 1 handed over again: " in told(run))
