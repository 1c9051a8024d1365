"""A process is known by more than its number, and one that is gone is known to be gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from reflow.filesystem.process import this_process

SHOW = "from reflow.filesystem.process import this_process; print(*this_process(), flush=True); input()"


def another():
    process = subprocess.Popen(
        [sys.executable, "-c", SHOW], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    host, boot, pid, started = process.stdout.readline().split()
    return process, this_process()._replace(host=host, boot=boot, pid=int(pid), started=started)


def end(process):
    process.communicate("\n")


def test_this_process_is_there():
    assert this_process().pid == os.getpid()
    assert this_process().is_gone() is False


def test_this_process_is_the_same_each_time():
    assert this_process() == this_process()


def test_another_process_is_there_until_it_ends():
    process, known = another()

    assert known.is_gone() is False
    end(process)
    assert known.is_gone() is True


def test_a_process_that_was_killed_and_not_yet_reaped_is_gone():
    process, known = another()
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert known.is_gone() is True
    end(process)


def test_a_process_that_has_the_number_of_one_that_is_gone_is_not_it():
    assert this_process()._replace(started="1").is_gone() is True


def test_what_ran_before_the_last_boot_is_gone():
    assert this_process()._replace(boot="another").is_gone() is True


def test_nobody_can_tell_of_a_process_on_another_machine():
    assert this_process()._replace(host="another").is_gone() is None


def test_nobody_can_tell_where_the_boot_is_not_known():
    assert this_process()._replace(boot="").is_gone() is None
