"""Whole runs on real Slurm daemons: nobody drives them, whatever becomes of their jobs."""

from __future__ import annotations

import importlib
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from reflow import Run, Workflow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

FLOWS = Path(__file__).parent / "flows"
DEMO = Path(__file__).parents[2] / "examples" / "demo_flow.py"
DEMO_GIVEN = ["--start", "2025-01-01", "--end", "2025-01-31", "--bucket", "b", "--model", "icon"]
KILL_WAIT_S = 5.0  #: as the clusters of these tests are set up


class Job(NamedTuple):
    """A job as Slurm's accounting tells it; arrays that have not begun are one."""

    number: str
    task: str
    state: str
    start: str


class ClusterRun:
    """A run that is watched without being helped: only what it writes by itself is read."""

    def __init__(self, run: Run, folder: Path, cluster: Any, cwd: str) -> None:
        self.run = run
        self.folder = folder
        self._cwd = cwd  # by which its jobs are known: no other test has the same
        self.root = folder / ".reflow" / run.id
        self._cluster = cluster

    @property
    def picture(self) -> dict[str, Any]:
        """What the last pass over it left beside the ledger."""
        return dict(json.loads((self.root / "status.json").read_text()))

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        return {name: task["counts"] for name, task in self.run.status(as_dict=True)["tasks"].items()}

    @property
    def reasons(self) -> dict[str, str]:
        return {f"{e['task']}[{e['index']}]": e["error"] for e in self.run.errors()}

    @property
    def queue(self) -> dict[str, str]:
        """The states of its elements that Slurm has not seen the end of, by ``JOB_ELEMENT``."""
        told = self._cluster.run("squeue", "-h", "-r", "-o", "%i|%T|%Z").splitlines()
        return {
            number: state for number, state, cwd in (line.split("|") for line in told) if cwd == self._cwd
        }

    @property
    def jobs(self) -> list[Job]:
        """All jobs that Slurm has had of it."""
        fields = "JobID,JobName,State,Start,WorkDir"
        told = self._cluster.run("sacct", "-n", "-P", "-X", "-S", "now-1hour", "-o", fields)
        rows = [line.split("|") for line in told.splitlines()]
        return [
            Job(i, name.split(".")[-2], state, start)
            for i, name, state, start, cwd in rows
            if cwd == self._cwd
        ]

    def asked(self, task: str) -> list[str]:
        """What the elements of a task asked for: memory, CPUs and time."""
        fields = "JobName,WorkDir,ReqMem,ReqCPUS,Timelimit"
        told = self._cluster.run("sacct", "-n", "-P", "-X", "-S", "now-1hour", "-o", fields)
        rows = [line.split("|", 2) for line in told.splitlines()]
        return [asked for name, cwd, asked in rows if cwd == self._cwd and f".{task}." in name]

    def array(self, task: str) -> str:
        """Return the number of the array job of a task."""
        told = self._cluster.run("squeue", "-h", "-o", "%F|%j|%Z").splitlines()
        rows = [line.split("|") for line in told]
        (number,) = {number for number, name, cwd in rows if cwd == self._cwd and f".{task}." in name}
        return number

    def began(self, *names: str) -> bool:
        """Whether tasks stand before the gate."""
        return all((self.folder / f"began-{name}").exists() for name in names)

    def open(self, name: str = "") -> None:
        """Let tasks pass the gate."""
        (self.folder / (f"open-{name}" if name else "open")).touch()


class User:
    """Somebody with a home and results of their own, who submits to a real cluster."""

    def __init__(self, place: Path, cluster: Any, rig: Any) -> None:
        self.place = place
        self.cluster = cluster
        self._rig = rig
        self._numbers = itertools.count()

    def submit(self, workflow: Workflow, **given: Any) -> ClusterRun:
        folder = self.place / f"run{next(self._numbers)}"
        run = workflow.submit(
            folder, executor="slurm", store=str(self.place / "store.db"), wait=False, **given
        )
        return ClusterRun(run, folder, self.cluster, os.getcwd())

    def wait(self, holds: Callable[[], object], timeout_s: float = 45.0) -> None:
        self._rig.wait_until(holds, timeout_s)

    def see_end(self, run: ClusterRun, timeout_s: float = 45.0) -> str:
        """Return how a run ends by itself."""
        self.wait(lambda: run.picture["state"] != "running", timeout_s)
        return str(run.picture["state"])

    def type(self, *words: str) -> str:
        """Type a command of the demo's script."""
        argv = [sys.executable, str(DEMO), *words]
        done = subprocess.run(argv, cwd=self.place, capture_output=True, text=True, timeout=60.0, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


@pytest.fixture(scope="module")
def flows() -> Iterator[ModuleType]:
    """The flows, imported as a script in their directory would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FLOWS))
        yield importlib.import_module("real_runs")


@pytest.fixture
def user(accounted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rig: Any) -> User:
    monkeypatch.setenv("SLURM_CONF", accounted.conf)
    monkeypatch.chdir(tmp_path)
    return User(tmp_path, accounted, rig)


@pytest.fixture(scope="module", autouse=True)
def begun_early(accounted: Any, flows: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> ClusterRun:
    """A run that needs more than a minute, begun before the others."""
    place = tmp_path_factory.mktemp("early-run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", accounted.conf)
        patch.setenv("HOME", str(place))
        patch.chdir(place)
        return User(place, accounted, None).submit(flows.limited)


def strays(text: str) -> list[str]:
    """Return the processes whose command line has a text, and that no job of Slurm's has begun."""
    commands, parents = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            commands[pid] = (
                Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            )
            parents[pid] = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue

    def is_of_slurm(pid: str) -> bool:
        while pid in parents:
            if "slurmstepd" in commands[pid]:
                return True
            pid = parents[pid]
        return False

    own = str(os.getpid())
    return [commands[pid] for pid in parents if text in commands[pid] and pid != own and not is_of_slurm(pid)]


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
    returned = time.monotonic()

    user.wait(lambda: "PENDING" not in run.queue.values(), 5.0)
    user.wait(lambda: not run.queue, KILL_WAIT_S + 5.0 - (time.monotonic() - returned))
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
    user.wait(lambda: f"{number}_2" not in run.queue, KILL_WAIT_S + 5.0)
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


def test_element_ended_by_hand_was_cancelled_from_outside(user, flows):
    run = user.submit(flows.gates, count=3)
    user.wait(lambda: run.began("0", "1", "2"))
    user.cluster.run("scancel", f"{run.array('gated')}_1")
    user.wait(lambda: len([n for n in run.queue if n.startswith(run.array("gated"))]) == 2, KILL_WAIT_S + 5.0)
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
