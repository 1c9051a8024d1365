"""A run that meets one fault at any call that writes, and is gone on with, comes to what an undisturbed one does.

With ``REFLOW_CRASH=all`` each write of SQLite fails in both ways; without it they take turns.
"""

from __future__ import annotations

import os

import pytest
from crash_faults import BROKEN, FULL, KILL

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.usefixtures("strace")]

#: How many calls of each kind a run makes at least; the sweeps go on until there are no more.
LEAST = {"fsync": 20, "fdatasync": 40, "rename": 5, "link": 2, "unlink": 10, "mkdir": 10, "rmdir": 3}
LEAST_WRITES = 200  #: of SQLite


@pytest.mark.parametrize("call", LEAST)
def test_a_kill_before_any_call_that_makes_durable_loses_and_repeats_nothing(rig, call):
    assert rig.sweep(call, KILL, workers=2) >= LEAST[call]


def test_a_kill_before_any_write_of_sqlite_loses_and_repeats_nothing(rig):
    assert rig.sweep("pwrite64", KILL) >= LEAST_WRITES


@pytest.mark.parametrize("call", LEAST)
@pytest.mark.parametrize("error", [FULL, BROKEN])
def test_an_error_of_any_call_that_makes_durable_loses_and_repeats_nothing(rig, call, error):
    assert rig.sweep(call, error) >= LEAST[call]


@pytest.mark.parametrize(("error", "start"), [(FULL, 1), (BROKEN, 2)])
def test_an_error_of_any_write_of_sqlite_loses_and_repeats_nothing(rig, error, start):
    if os.environ.get("REFLOW_CRASH") == "all":
        assert rig.sweep("pwrite64", error) >= LEAST_WRITES
    else:
        assert rig.sweep("pwrite64", error, start=start, step=2) >= LEAST_WRITES // 2


@pytest.mark.parametrize("call", ["fsync", "rename"])
@pytest.mark.parametrize("what", [KILL, FULL, BROKEN])
def test_a_fault_of_a_worker_between_instances_is_made_good_while_the_run_goes_on(rig, call, what):
    assert rig.sweep_worker(call, what) >= 3
