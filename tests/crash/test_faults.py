"""A run that meets one fault, at any call that writes, comes to what an undisturbed one comes to.

``REFLOW_CRASH=all`` also tries every write of SQLite with each kind of error; without it they take turns.
"""

from __future__ import annotations

import os

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.usefixtures("strace")]

KILL, FULL, BROKEN = "signal=SIGKILL", "error=ENOSPC", "error=EIO"

#: Kinds of calls by which Python, libc and SQLite write, and how many there are at least in a run.
SYNCS = {"fsync": 20, "fdatasync": 40}
NAMES = {"rename": 5, "link": 2, "unlink": 10, "mkdir": 10, "rmdir": 3, "unlinkat": 0}


@pytest.mark.parametrize("call", [*SYNCS, *NAMES])
def test_a_kill_before_any_call_that_makes_durable_changes_nothing(rig, call):
    assert rig.sweep(call, KILL, workers=2) >= {**SYNCS, **NAMES}[call]


def test_a_kill_before_any_write_of_sqlite_changes_nothing(rig):
    assert rig.sweep("pwrite64", KILL) >= 200


@pytest.mark.parametrize("call", [*SYNCS, *NAMES])
@pytest.mark.parametrize("what", [FULL, BROKEN])
def test_an_error_of_any_call_that_makes_durable_changes_nothing(rig, call, what):
    assert rig.sweep(call, what) >= {**SYNCS, **NAMES}[call]


@pytest.mark.parametrize(("what", "start"), [(FULL, 1), (BROKEN, 2)])
def test_an_error_of_any_write_of_sqlite_changes_nothing(rig, what, start):
    if os.environ.get("REFLOW_CRASH") == "all":
        assert rig.sweep("pwrite64", what) >= 200
    else:
        assert rig.sweep("pwrite64", what, start=start, step=2) >= 100
