"""Whole runs on real Slurm daemons that are wide, or do real science: as locally, in as few jobs as can be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from cluster_runs import ClusterRun, User

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

WARMING = Path(__file__).parents[2] / "examples" / "warming" / "warming.py"
SHORT = ["--first-year", "2070", "--last-year", "2089", "--scenarios", "A1B"]
WIDEST = 51  #: elements of an array job, as the cluster of these tests is set up


@pytest.fixture(scope="module")
def wide(load_flows: Callable[[str], ModuleType]) -> ModuleType:
    """The flows."""
    return load_flows("wide_runs")


def arrays(run: ClusterRun, task: str) -> list[int]:
    """Return the numbers of elements of the array jobs that a task has had, sorted."""
    taken = [path.parent for path in run.root.glob("jobs/*/receipt.json") if "native_id" in path.read_text()]
    asked = [json.loads((folder / "request.json").read_text()) for folder in taken]
    return sorted(one["count"] for one in asked if one["task"] == task)


@pytest.fixture
def limited_to_100(user: User) -> Iterator[User]:
    """A user who may have 100 jobs in the queue, and has none."""

    def is_known(limit: str) -> bool:
        return f"MaxSubmitJobs={limit}" in user.cluster.run("scontrol", "show", "assoc_mgr", "users=root")

    user.cluster.run("scancel", "--user=root")
    user.wait(lambda: not user.cluster.run("squeue", "-h"))
    user.cluster.run("sacctmgr", "-i", "modify", "user", "root", "set", "MaxSubmitJobs=100")
    user.wait(lambda: is_known("100("))
    yield user
    user.cluster.run("sacctmgr", "-i", "modify", "user", "root", "set", "MaxSubmitJobs=-1")
    user.wait(lambda: not is_known("100("))


@pytest.fixture
def account_of_10(user: User) -> Iterator[User]:
    """A user who may have 10 jobs in the queue on an account that is not their default one."""

    def is_known() -> bool:
        told = user.cluster.run("scontrol", "show", "assoc_mgr", "users=root", "accounts=tiny")
        return "MaxSubmitJobs=10(" in told

    user.cluster.run("sacctmgr", "-i", "add", "account", "tiny")
    user.cluster.run("sacctmgr", "-i", "add", "user", "root", "account=tiny", "MaxSubmitJobs=10")
    user.wait(is_known)
    yield user
    user.wait(lambda: not user.cluster.run("squeue", "-h"))
    user.cluster.run("sacctmgr", "-i", "delete", "account", "tiny")


def test_warming_example_gives_the_same_as_locally(user):
    results, states, maps = {}, {}, {}
    for executor in ("local", "slurm"):
        folder = user.place / executor
        given = ["--run-dir", str(folder), "--store", f"{executor}.db"]
        user.type("submit", *SHORT, "--executor", executor, *given, script=WARMING)
        (picture,) = folder.glob(".reflow/*/status.json")
        user.wait(lambda path=picture: json.loads(path.read_text())["state"] != "running", 90.0)

        told = user.type("results", "--json", *given, script=WARMING).replace(str(folder), "")
        results[executor] = {key: value for key, value in json.loads(told).items() if key != "run_id"}
        tasks = json.loads(picture.read_text())["tasks"]
        states[executor] = {name: task["counts"] for name, task in tasks.items()}
        maps[executor] = (folder / "warming.nc").read_bytes()

    assert results["slurm"] == results["local"]
    assert states["slurm"] == states["local"]
    assert states["slurm"]["anomaly"] == {"succeeded": 2}
    assert maps["slurm"] == maps["local"]


def test_three_stages_of_width_100_need_no_job_but_their_own(user, wide):
    run = user.submit(wide.stages, count=100)

    assert user.see_end(run, 120.0) == "succeeded"
    assert run.run.result("gathered") == sum(n * n for n in range(100))
    user.wait(lambda: not run.queue)
    user.wait(lambda: {"source", "square", "gathered"} <= {job.task for job in run.jobs})
    assert {job.task for job in run.jobs} == {"source", "square", "gathered"}
    assert arrays(run, "square") == [100 - WIDEST, WIDEST]


def test_width_of_500_is_split_into_as_few_arrays_as_the_cluster_takes(user, wide):
    run = user.submit(wide.stages, count=500)

    assert user.see_end(run, 200.0) == "succeeded"
    assert run.run.result("gathered") == sum(n * n for n in range(500))
    assert arrays(run, "square") == [500 % WIDEST, *[WIDEST] * 9]


def test_retry_of_300_scattered_failures_takes_up_only_these(user, wide):
    run = user.submit(
        wide.scattered, count=1000
    )  # ten to an element: a thousand elements take half a minute each time
    assert user.see_end(run, 120.0) == "failed"
    assert run.counts["three_in_ten_fail"] == {"succeeded": 700, "failed": 300}
    assert arrays(run, "three_in_ten_fail") == [100 - WIDEST, WIDEST]

    (run.folder / "mended").touch()
    run.run.retry()
    user.wait(lambda: run.picture["state"] == "succeeded", 120.0)
    assert run.run.result("all_of_it") == sum(range(1000))
    assert arrays(run, "three_in_ten_fail") == [30, 100 - WIDEST, WIDEST]


def test_limit_of_100_submitted_jobs_is_kept_and_refilled(limited_to_100, wide):
    user = limited_to_100
    run = user.submit(wide.stages, count=230)

    assert user.see_end(run, 200.0) == "succeeded"
    assert run.run.result("gathered") == sum(n * n for n in range(230))
    assert len(arrays(run, "square")) <= -(-230 // 45)  # two at a time, with 90 elements or more
    assert run.run.status(as_dict=True)["messages"] == []


def test_limit_leaves_room_for_the_watchdogs_of_many_branches(limited_to_100, wide):
    user = limited_to_100
    run = user.submit(wide.branches)
    run.open()

    assert user.see_end(run, 90.0) == "succeeded"
    assert run.run.status(as_dict=True)["messages"] == []


def test_limit_of_a_tasks_own_account_is_found_by_halves(account_of_10, wide):
    user = account_of_10
    run = user.submit(wide.elsewhere, count=30)

    assert user.see_end(run, 200.0) == "succeeded"
    assert run.run.result("summed") == sum(n * n for n in range(30))
    assert sum(arrays(run, "squared")) == 30
    assert max(arrays(run, "squared")) <= 10
    (words,) = run.run.status(as_dict=True)["messages"]
    assert words.startswith("squared: its elements are handed over in parts: Slurm refused ")
    assert "AssocMaxSubmitJobLimit" in words
    shown = words.rpartition("type: ")[2]
    assert "tiny|10|" in user.cluster.run(*shown.replace("$USER", "root").split(), "--parsable2")
