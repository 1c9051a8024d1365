"""An element of a batch job does its own instances, once, and the last one out goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from reflow.rundir.control import Opened, Scope, write_opened, write_request
from reflow.rundir.elements import read_done
from reflow.testing.small_run import SmallRun

TEXT = """
@flow.array_job()
def task(n: int, run_dir: RunDir) -> int:
    with open(run_dir / f"ran{n}", "a") as file:
        file.write("x")
    while n == 7 and not (run_dir / "go").exists():
        time.sleep(0.005)
    return n
"""


@pytest.fixture
def run(tmp_path):
    return SmallRun(tmp_path, TEXT)


def started(run, sub, element, job=""):
    request = run.request(sub, 1)
    return subprocess.Popen(
        [*request.argv, str(element)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **({"SLURM_JOB_ID": job} if job else {})},
    )


def worked(run, sub, element, job=""):
    process = started(run, sub, element, job)
    process.communicate(timeout=60)
    return process.returncode


def noted(run, n):
    """Return what an instance has written down by now."""
    path = run.folder / "runs" / f"ran{n}"
    return path.read_text() if path.exists() else ""


def test_elements_share_the_instances_by_their_number(run):
    sub = run.submission("task", [{"n": n} for n in range(5)], pack=2)

    for element in (2, 0, 1):
        worked(run, sub, element)

    assert sorted(run.ends(sub)) == [0, 1, 2, 3, 4]
    assert read_done(sub) == {0: {0: 1}, 1: {0: 1}, 2: {0: 1}}


def test_an_element_that_is_started_for_the_first_time_does_not_list_the_outcomes_of_all(run, listed):
    sub = run.submission("task", [{"n": n} for n in range(2)])

    folders = listed([*run.request(sub, 1).argv, "0"])

    assert sub.directory in folders
    assert sub.outcomes not in folders
    assert sorted(run.ends(sub)) == [0]


def test_element_that_is_not_the_last_ends_with_0(run):
    sub = run.submission("task", [{"n": n} for n in range(2)])

    assert worked(run, sub, 0) == 0
    assert read_done(sub) is None


@pytest.mark.parametrize(
    ("then", "code"), [("", 0), ("1 / 0", 1)], ids=["that it can load", "that it cannot load"]
)
def test_element_does_not_wait_for_a_thread_that_its_flow_left(tmp_path, then, code):
    left = "__import__('threading').Thread(target=time.sleep, args=(600,)).start()"
    run = SmallRun(tmp_path, f"{TEXT}\n{left}\n{then}\n")
    sub = run.submission("task", [{"n": n} for n in range(2)])

    assert worked(run, sub, 0) == code


def test_second_copy_of_an_element_leaves_without_a_trace(run):
    sub = run.submission("task", [{"n": 0}, {"n": 1}])
    worked(run, sub, 0)
    before = sorted(os.listdir(sub.outcomes))

    assert worked(run, sub, 0) == 0
    assert sorted(os.listdir(sub.outcomes)) == before
    assert noted(run, 0) == "x"


def test_requeued_element_goes_on_behind_what_has_an_outcome(run, until):
    sub = run.submission("task", [{"n": 0}, {"n": 7}, {"n": 2}, {"n": 3}], pack=3)
    process = started(run, sub, 0, job="55")
    until(lambda: noted(run, 7) == "x")
    process.kill()
    process.communicate()
    (run.folder / "runs" / "go").touch()

    worked(run, sub, 0, job="55")

    tries = {path.name: path.read_text() for path in (run.folder / "runs").glob("ran*")}
    assert tries == {"ran0": "x", "ran7": "xx", "ran2": "x"}


def test_signalled_element_says_so_hands_back_the_rest_and_is_not_marked(run, until):
    sub = run.submission("task", [{"n": 7}, {"n": 1}], pack=2)
    process = started(run, sub, 0)
    until(lambda: noted(run, 7) == "x")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)

    assert {index: end.state for index, end in run.ends(sub).items()} == {0: "interrupted"}
    assert read_done(sub) is None


def test_cancelled_instances_of_a_pack_are_left_out(run):
    sub = run.submission("task", [{"n": n} for n in range(4)], pack=4)
    write_request(run.paths, "cancel", (Scope("task", frozenset((1, 2))),))

    worked(run, sub, 0)

    states = {index: end.state for index, end in run.ends(sub).items()}
    assert states == {0: "succeeded", 1: "cancelled", 2: "cancelled", 3: "succeeded"}


@pytest.mark.parametrize(("number", "state"), [(4, "cancelled"), (5, "cancelled"), (6, "succeeded")])
def test_what_was_opened_again_after_a_submission_is_left_out_of_it(run, number, state):
    sub = run.submission("task", [{"n": n} for n in range(3)], pack=3)
    Path(sub.request).write_text(json.dumps({"number": number}))
    write_opened(run.paths, Opened(5, {"task": [1], "other": [0, 2]}))

    worked(run, sub, 0)

    states = {index: end.state for index, end in run.ends(sub).items()}
    assert states == {0: "succeeded", 1: state, 2: "succeeded"}


@pytest.mark.parametrize("name", ["run.json", "."])
def test_run_that_others_can_write_to_is_not_run(run, name):
    os.chmod(os.path.join(run.paths.root, name), 0o777)
    sub = run.submission("task", [{"n": 0}])

    assert worked(run, sub, 0) == 3
    assert run.outcomes(sub) == []


@pytest.mark.parametrize("text", ["[]", "{}", '{"version": "1"}'], ids=str)
def test_run_whose_file_is_damaged_is_not_run_and_says_so(run, text):
    with open(run.paths.run_json, "w", encoding="utf-8") as file:
        file.write(text)
    sub = run.submission("task", [{"n": 0}])
    process = started(run, sub, 0)
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 3
    assert b"run.json is damaged" in said
    assert b"Traceback" not in said
    assert run.outcomes(sub) == []


def test_run_of_another_version_names_both_versions(tmp_path):
    run = SmallRun(tmp_path, TEXT, version="9.9.9")
    sub = run.submission("task", [{"n": 0}])
    process = started(run, sub, 0)
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 3
    assert b"reflow 9.9.9" in said
