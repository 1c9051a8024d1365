"""Whole runs on real Slurm daemons: nobody drives them, whatever becomes of their jobs."""

from __future__ import annotations

import contextlib
import json
import time
from types import ModuleType
from typing import Any

import pytest
from cluster_runs import DEMO_GIVEN, ClusterRun, User, strays

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module", autouse=True)
def begun_early(accounted: Any, flows: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> ClusterRun:
    """A run that needs more than a minute, begun before the others."""
    place = tmp_path_factory.mktemp("early-run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", accounted.conf)
        patch.setenv("HOME", str(place))
        patch.chdir(place)
        return User(place, accounted).submit(flows.limited)


# Runs that go well ----------------------------------------------------------------------------------------


def test_demo_flow_gives_the_same_as_locally_and_leaves_no_process(user):
    here, there = user.place / "here", user.place / "there"
    user.type("submit", *DEMO_GIVEN, "--executor", "local", "--run-dir", str(here), "--store", "here.db")
    user.type("submit", *DEMO_GIVEN, "--executor", "slurm", "--run-dir", str(there), "--store", "there.db")

    found: set[str] = set()
    (status,) = there.glob(".reflow/*/status.json")
    while json.loads(status.read_text())["state"] == "running":
        found.update(strays(str(there)))
        time.sleep(0.1)

    assert found == set()
    results = [
        json.loads(user.type("results", "--json", "--run-dir", str(folder), "--store", store))
        for folder, store in ((here, "here.db"), (there, "there.db"))
    ]
    for one in results:
        one.pop("run_id", None)
    assert results[0] == results[1]


def test_chain_is_carried_on_by_the_last_one_out_alone_and_then_reused_without_a_job(user, flows):
    run = user.submit(flows.chain, count=20)

    assert user.see_end(run) == "succeeded"
    assert run.run.result("total") == sum(2 * n + 1 for n in range(20))
    user.wait(lambda: not run.queue)
    user.wait(lambda: {job.task for job in run.jobs} == {"numbers", "double", "next_one", "total"})
    jobs = (
        run.jobs
    )  # sacct does not tell of jobs that never could begin, as watchdogs are that were not needed
    assert {job.state for job in jobs} == {"COMPLETED"}

    again = user.submit(flows.chain, count=20)
    assert again.run.state == "succeeded"
    assert again.run.result("total") == 400
    assert {state for counts in again.counts.values() for state in counts} == {"reused"}
    assert again.jobs == jobs


def test_branches_do_not_wait_for_each_other(user, flows):
    run = user.submit(flows.branches)
    user.wait((run.folder / "fast").exists)
    user.wait(lambda: run.picture["tasks"]["fast_3"]["state"] == "succeeded")

    assert run.picture["tasks"]["slow"]["state"] == "running"
    run.open()
    assert user.see_end(run) == "succeeded"
    assert run.run.result("fast_3") == 3


def test_dry_run_shows_the_script_and_leaves_nothing(user):
    before = user.cluster.run("squeue", "-h", "-t", "all", "-o", "%F")
    folder = user.place / "none"
    told = user.type(
        "submit", *DEMO_GIVEN, "--executor", "slurm", "--dry-run", "-v", "--run-dir", str(folder)
    )

    assert "sbatch" in told
    assert "#!/bin/sh" in told
    assert list(user.place.iterdir()) == []
    assert set(user.cluster.run("squeue", "-h", "-t", "all", "-o", "%F").split()) <= set(before.split())


def test_pack_works_side_by_side_and_asks_for_what_that_takes(user, flows):
    run = user.submit(flows.packs, count=35)

    assert user.see_end(run) == "succeeded"
    assert run.run.result("sum_up") == sum(2 * n for n in range(35))
    assert run.run.logs("packed", 7) == "part 7\n"
    first, again = ["200M|4|00:06:00"] * 4, ["50M|1|00:02:00"]  # four at once, three times in turn; then one
    user.wait(lambda: run.asked("packed") == first + again)


# Cancel ---------------------------------------------------------------------------------------------------


def test_cancel_holds_and_retry_completes(user, flows):
    run = user.submit(flows.gates, count=12)
    user.wait(lambda: run.began("0", "1", "2", "3"))
    run.run.cancel()

    user.see_cancelled(run)
    assert run.run.state == "cancelled"
    assert run.counts["gated"] == {"cancelled": 12}
    time.sleep(1.0)
    assert run.queue == {}

    run.open()
    run.run.retry()
    user.wait(lambda: run.picture["state"] == "succeeded")
    assert run.run.result("behind") == [str(n) for n in range(12)]


def test_one_element_is_cancelled_and_the_rest_goes_on(user, flows):
    run = user.submit(flows.gates, count=4)
    user.wait(lambda: run.began("0", "1", "2", "3"))
    run.run.cancel("gated[2]")
    number = run.array("gated")
    user.wait(lambda: f"{number}_2" not in run.queue)
    assert {f"{number}_{n}" for n in (0, 1, 3)} <= set(run.queue)
    run.open()

    user.see_end(run)
    assert run.counts["gated"] == {"succeeded": 3, "cancelled": 1}
    assert run.run.results("behind") == {0: "0", 1: "1", 3: "3"}


# Faults ---------------------------------------------------------------------------------------------------


def test_what_raises_exits_or_dies_fails_with_its_reason_and_the_rest_goes_on(user, flows):
    run = user.submit(flows.faults)

    assert user.see_end(run) == "failed"
    assert run.run.results("suffer") == {0: "well", 4: "fine"}
    assert run.run.results("go_on") == {0: "well", 4: "fine"}
    reasons = run.reasons
    assert sorted(reasons) == ["suffer[1]", "suffer[2]", "suffer[3]"]
    assert "no such grid" in reasons["suffer[1]"]
    assert "exited with 3" in reasons["suffer[2]"]
    assert "signal 9" in reasons["suffer[3]"]


def test_watchdog_carries_on_when_the_last_one_out_does_not_say_so(user, flows):
    run = user.submit(flows.unmarked)

    assert user.see_end(run) == "succeeded"
    assert run.run.result("after_unmarked") == "sealed"
    assert run.counts["dies_unmarked"] == {"succeeded": 1}


def test_element_that_slurm_starts_again_goes_on_under_its_own_claim(user, flows):
    run = user.submit(flows.restarted)
    user.wait(lambda: run.began("turns"))
    element = f"{run.array('turns')}_0"
    user.cluster.run("scontrol", "requeue", element)

    def has_begun_again() -> bool:
        """Have Slurm start it now, as soon as it says when it would: it waits two minutes otherwise."""
        if run.queue.get(element) == "PENDING":
            time.sleep(3.0)  # what is left of the first start is put away
            with contextlib.suppress(AssertionError):  # it is still ending, or has been started meanwhile
                user.cluster.run("scontrol", "update", f"JobId={element}", "StartTime=now")
        return (run.folder / "turns").read_text() == "turn\nturn\n"

    user.wait(has_begun_again)
    run.open()

    assert user.see_end(run) == "succeeded"
    assert run.run.result("after_turns") == "turns"
    assert run.counts["turns"] == {"succeeded": 1}
    assert (run.root / "logs" / "turns.log").read_text().count("a turn") == 2


def test_element_ended_by_hand_was_cancelled_from_outside(user, flows):
    run = user.submit(flows.gates, count=3)
    user.wait(lambda: run.began("0", "1", "2"))
    user.cluster.run("scancel", f"{run.array('gated')}_1")
    user.wait(lambda: len([n for n in run.queue if n.startswith(run.array("gated"))]) == 2)
    run.open()

    user.see_end(run)
    assert run.counts["gated"] == {"succeeded": 2, "cancelled": 1}
    assert run.run.results("behind") == {0: "0", 2: "2"}


def test_what_takes_too_long_fails_by_its_time_limit(user, begun_early):
    assert user.see_end(begun_early, 110.0) == "failed"
    assert "ran out of time" in begun_early.reasons["too_long[0]"]
    assert begun_early.counts["after_too_long"] == {"skipped": 1}
    assert (begun_early.folder / "saved-too-long").exists()


def test_task_is_told_ahead_of_its_time_limit_and_has_failed_by_it(user, flows):
    run = user.submit(flows.patient)
    user.wait(lambda: run.began("patient"))
    told = user.cluster.run("scontrol", "show", "job", f"{run.array('patience')}_0")
    user.cluster.run("scancel", "--batch", "--signal=USR2", f"{run.array('patience')}_0")

    assert user.see_end(run) == "failed"
    assert (run.folder / "saved-patient").exists()
    assert "time limit is near" in run.reasons["patience[0]"]
    assert "TimeLimit=01:00:00" in told
