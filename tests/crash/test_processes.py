"""What the end of a process costs: a driver's takes its workers along, a worker's one attempt of one instance."""

from __future__ import annotations

import os
import signal

from crash_scene import processes_of

ONE, TWO = ("--attempts", "one", "--names"), ("--attempts", "two", "--names")


def test_no_worker_outlives_a_killed_driver_and_what_they_were_at_runs_again_at_no_cost(rig):
    scene = rig.scene("patient.py", workers=2)
    with scene.started(*ONE, "sleeper-0", "sleeper-1") as driver:
        workers = {scene.pid_of("sleeper-0"), scene.pid_of("sleeper-1")}
        driver.kill()
        driver.wait()

        assert len(workers) == 2
        assert scene.wait_until_alone() == []

    scene.end("sleeper-0", "sleeper-1")
    assert scene.advance().code == 0
    picture = scene.picture()
    assert picture.results["once"] == {0: "SLEEPER-0", 1: "SLEEPER-1"}
    assert [line for line in picture.attempts if "once" in line] == [
        "once-0 attempt 1: succeeded",
        "once-1 attempt 1: succeeded",
    ]
    assert scene.calls == {"sleeper-0": 2, "sleeper-1": 2}


def test_a_worker_that_cannot_end_with_its_driver_is_ended_before_its_instance_runs_again(rig):
    scene = rig.scene("patient.py")
    scene.replace_python()
    with scene.started(*ONE, "first") as driver:
        os.kill(scene.pid_of("first"), signal.SIGSTOP)
        driver.kill()
        driver.wait()

    scene.end("first")
    assert scene.advance().code == 0
    assert scene.picture().results["once"] == {0: "FIRST"}
    assert scene.calls == {"first": 2}
    assert not processes_of(scene.run_dir)


def test_a_killed_worker_costs_its_instance_its_only_attempt_and_its_neighbour_nothing(rig):
    scene = rig.scene("patient.py", workers=2)
    with scene.started(*ONE, "first", "second") as driver:
        scene.pid_of("second")
        os.kill(scene.pid_of("first"), signal.SIGKILL)
        scene.end("second")

        assert driver.wait(60) == 1

    picture = scene.picture()
    assert picture.state == "failed"
    assert picture.results["once"] == {1: "SECOND"}
    assert [line for line in picture.attempts if "once" in line] == [
        "once-0 attempt 1: failed",
        "once-1 attempt 1: succeeded",
    ]
    assert scene.reasons() == {"once-0": "killed by signal 9 (SIGKILL); out of memory?"}
    assert scene.calls == {"first": 1, "second": 1}
    assert not processes_of(scene.run_dir)


def test_a_killed_worker_costs_its_instance_one_of_two_attempts(rig):
    scene = rig.scene("patient.py", workers=2)
    with scene.started(*TWO, "first", "second") as driver:
        scene.pid_of("second")
        os.kill(scene.pid_of("first"), signal.SIGKILL)
        scene.end("first", "second")

        assert driver.wait(60) == 0

    picture = scene.picture()
    assert picture.results["twice"] == {0: "FIRST", 1: "SECOND"}
    assert [line for line in picture.attempts if "twice" in line] == [
        "twice-0 attempt 1: failed",
        "twice-0 attempt 2: succeeded",
        "twice-1 attempt 1: succeeded",
    ]
    assert scene.calls == {"first": 2, "second": 1}
