"""Several workers share an element: each instance once, and a worker that dies costs its own instance alone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from reflow.rundir.control import Scope, write_request
from reflow.rundir.elements import missing_segments, read_done
from reflow.testing.small_run import SmallRun

TEXT = """
@flow.array_job()
def task(n: int, run_dir: RunDir) -> int:
    with open(run_dir / f"ran{n}", "a") as file:
        file.write(f"{os.getpid()}\\n")
    print("instance", n)
    if n == 3 and (run_dir / "kill").exists():
        held = bytearray(300 << 20)
        os.kill(os.getpid(), signal.SIGKILL)
    while (run_dir / "gate").exists():
        time.sleep(0.005)
    return n
"""


@pytest.fixture
def run(tmp_path):
    return SmallRun(tmp_path, TEXT)


def submitted(run, count, workers, pack=None):
    return run.submission("task", [{"n": n} for n in range(count)], pack=pack or count, workers=workers)


def _of_shared(run, sub):
    return [part if part != "element" else "shared_element" for part in run.request(sub, 1).argv]


def started(run, sub, element=0):
    return subprocess.Popen(
        [*_of_shared(run, sub), str(element)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def worked(run, sub, element=0):
    process = started(run, sub, element)
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


def pids(tmp_path):
    """Return who ran each instance, of those that have written it down by now."""
    found = {path.name: path.read_text().split() for path in tmp_path.rglob("ran*")}
    return {name: those for name, those in found.items() if those}


def test_each_instance_runs_once_whoever_takes_it(run, tmp_path):
    sub = submitted(run, 40, workers=3)

    worked(run, sub)
    assert {n: end.value for n, end in run.ends(sub).items()} == {n: str(n) for n in range(40)}
    assert {len(found) for found in pids(tmp_path).values()} == {1}
    assert missing_segments(sub) == set()
    assert sum(read_done(sub)[0].values()) == len(
        [n for n in os.listdir(sub.outcomes) if n.endswith(".jsonl")]
    )


def test_who_sees_to_the_workers_does_not_list_the_outcomes_of_all_elements(run, listed):
    (Path(run.paths.run_dir) / "kill").touch()
    sub = submitted(run, 8, workers=2, pack=4)

    folders = listed([*_of_shared(run, sub), "0"])

    assert sub.directory in folders
    assert sub.outcomes not in folders
    assert run.ends(sub)[3].charge == "crash"
    assert missing_segments(sub) == set()


def test_workers_are_not_waited_for_because_of_threads_that_an_instance_left(tmp_path):
    thread = "__import__('threading').Thread(target=time.sleep, args=(90,)).start()"
    run = SmallRun(tmp_path, TEXT.replace("return n", f"{thread}; return n"))
    sub = submitted(run, 4, workers=2)

    worked(run, sub)
    assert sorted(run.ends(sub)) == [0, 1, 2, 3]
    assert read_done(sub) is not None


def test_as_many_as_were_asked_for_work_at_once_and_no_more(run, tmp_path, until):
    (Path(run.paths.run_dir) / "gate").touch()
    sub = submitted(run, 10, workers=4)
    process = started(run, sub)
    until(lambda: len(pids(tmp_path)) >= 4)
    time.sleep(0.3)
    at_work = pids(tmp_path)
    (Path(run.paths.run_dir) / "gate").unlink()

    process.communicate(timeout=60)
    assert len(at_work) == 4
    assert len({pid for (pid,) in at_work.values()}) == 4


def test_worker_that_is_killed_costs_its_instance_and_another_takes_its_place(run, tmp_path):
    (Path(run.paths.run_dir) / "kill").touch()
    sub = submitted(run, 12, workers=2)

    worked(run, sub)
    ends = run.ends(sub)
    assert {n: end.state for n, end in ends.items()} == {
        n: "succeeded" if n != 3 else "failed" for n in range(12)
    }
    assert (ends[3].charge, ends[3].reason) == ("crash", "killed by signal 9 (SIGKILL); out of memory?")
    assert 300 < ends[3].peak_mib < 1000
    assert {len(found) for found in pids(tmp_path).values()} == {1}
    assert read_done(sub) is not None


def test_each_worker_has_a_log_of_its_own(run):
    sub = submitted(run, 6, workers=2)
    worked(run, sub)

    token = os.path.basename(sub.directory)
    logs = [path.read_text() for path in Path(run.paths.logs).glob(f"{token}.0.*.log")]
    assert len(logs) == 2
    said = [int(n) for log in logs for n in re.findall(r"instance (\d)", log)]
    assert sorted(said) == list(range(6))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2])
def test_signal_reaches_the_functions_and_hands_the_rest_back(run, tmp_path, number, until):
    (Path(run.paths.run_dir) / "gate").touch()
    sub = submitted(run, 10, workers=2)
    process = started(run, sub)
    until(lambda: len(pids(tmp_path)) == 2)
    process.send_signal(number)

    process.communicate(timeout=60)
    ends = run.ends(sub)
    assert {end.state for end in ends.values()} == {"interrupted"}
    assert {end.charge for end in ends.values()} == {"time" if number == signal.SIGUSR2 else "interrupted"}
    assert len(ends) == 2
    assert read_done(sub) is None


def test_workers_end_with_the_process_that_sees_to_them(run, tmp_path, until):
    (Path(run.paths.run_dir) / "gate").touch()
    sub = submitted(run, 4, workers=2)
    process = started(run, sub)
    until(lambda: len(pids(tmp_path)) == 2)
    process.kill()
    process.communicate(timeout=60)

    until(lambda: not any(Path(f"/proc/{pid}").exists() for (pid,) in pids(tmp_path).values()))
    assert len(pids(tmp_path)) == 2


def test_cancelled_instance_is_left_out_and_the_rest_goes_on(run, tmp_path):
    write_request(run.paths, "cancel", (Scope("task", frozenset((2, 5))),))
    sub = submitted(run, 8, workers=2)
    worked(run, sub)

    states = {n: end.state for n, end in run.ends(sub).items()}
    assert {n for n, state in states.items() if state == "cancelled"} == {2, 5}
    assert {f"ran{n}" for n in (0, 1, 3, 4, 6, 7)} == set(pids(tmp_path))


def test_restarted_element_leaves_out_what_it_had_done(run, tmp_path, monkeypatch, until):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    (Path(run.paths.run_dir) / "gate").touch()
    sub = submitted(run, 4, workers=2)
    process = started(run, sub)
    until(lambda: len(pids(tmp_path)) == 2)
    (Path(run.paths.run_dir) / "gate").unlink()
    process.communicate(timeout=60)
    before = pids(tmp_path)

    worked(run, sub)
    assert pids(tmp_path) == before
    assert len(run.ends(sub)) == 4


def test_workers_that_cannot_load_the_flow_give_up_and_say_so(tmp_path):
    run = SmallRun(tmp_path, TEXT)
    Path(run.paths.copies).write_bytes(b"")
    sub = submitted(run, 4, workers=2)

    assert worked(run, sub)[0] == 1
    assert run.ends(sub) == {}
    assert read_done(sub) is None
    logs = [path.read_text() for path in Path(run.paths.logs).glob("*.log")]
    assert any("is damaged" in log for log in logs)
