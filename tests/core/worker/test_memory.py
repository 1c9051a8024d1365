"""A failure says how much memory its worker had held."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
from reflow.filesystem import process
{before}
first = process.own_peak_mib()
held = bytearray(200 << 20)
del held
print(first, process.own_peak_mib())
"""
WITHOUT_PROC = "process._STATUS = '/nowhere'"


@pytest.mark.parametrize("before", ["", WITHOUT_PROC], ids=["as it is", "without /proc"])
def test_the_peak_is_what_was_held_at_once_though_it_was_given_back(before):
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(before=before)], capture_output=True, check=True
    )

    first, then = map(int, ran.stdout.split())
    assert first >= 1
    assert 200 <= then < 250 + first


def test_the_memory_of_the_process_that_started_it_does_not_count():
    script = "import subprocess, sys; held = bytearray(300 << 20); subprocess.run(sys.argv[1:], check=True)"
    own = [sys.executable, "-c", "from reflow.filesystem.process import own_peak_mib as peak; print(peak())"]

    ran = subprocess.run([sys.executable, "-c", script, *own], capture_output=True, check=True)

    assert int(ran.stdout) < 200


@pytest.mark.parametrize("body", ["raise ValueError", "sys.exit(1)", "return 'x'"])
def test_what_failed_comes_with_the_memory_that_its_worker_had_held(work, body):
    run, sub = work(f"import sys\n@flow.array_job()\ndef task() -> int:\n    bytearray(100 << 20); {body}\n")

    (end,) = run.ends(sub).values()
    assert end.state == "failed"
    assert 100 < end.peak_mib < 1000


def test_what_succeeded_comes_without(work):
    run, sub = work("@flow.array_job()\ndef task() -> int:\n    return 1\n")

    (end,) = run.ends(sub).values()
    assert end.peak_mib == 0


def test_it_is_no_part_of_what_was_raised(call):
    run, sub = call("@flow.array_job()\ndef task() -> int:\n    raise ValueError('no')\n")

    (end,) = run.ends(sub).values()
    assert set(json.loads(end.error)) == {"type", "message", "traceback", "frames"}


def test_a_worker_that_was_killed_comes_with_it_too(work):
    body = "held = bytearray(400 << 20); os.kill(os.getpid(), 9)"
    run, _ = work(f"import os\n@flow.array_job()\ndef task() -> int:\n    {body}\n")

    (died,) = [event for event in run.events if event.kind == "died"]
    assert 400 < died.peak_mib < 1000


def test_of_one_that_held_less_than_the_process_that_started_it_nothing_is_known():
    script = """
import os, subprocess, sys
from reflow.plugin import peak_mib
held = bytearray(200 << 20)
pid = os.posix_spawn(sys.executable, [sys.executable, "-c", "pass"], os.environ)
print(peak_mib(os.wait4(pid, 0)[2]))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert int(ran.stdout) == 0


def test_what_the_process_that_started_this_one_held_hides_nothing_of_what_this_one_starts():
    script = """
import os, sys
from reflow.plugin import peak_mib
argv = [sys.executable, "-c", "held = bytearray(200 << 20)"]
pid = os.posix_spawn(sys.executable, argv, os.environ)
print(peak_mib(os.wait4(pid, 0)[2]))
"""
    starter = "import subprocess, sys; held = bytearray(400 << 20); subprocess.run(sys.argv[1:], check=True)"

    ran = subprocess.run(
        [sys.executable, "-c", starter, sys.executable, "-c", script], capture_output=True, check=True
    )

    assert 200 < int(ran.stdout) < 300
