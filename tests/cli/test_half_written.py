"""What is asked of a run while another machine has half written its ledger is kept, and carried out after that."""

from __future__ import annotations

import json
import os
import signal

import pytest

import reflow_sqlite.connection


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Whoever reads waits for a writer elsewhere for a moment only."""
    monkeypatch.setattr(reflow_sqlite.connection, "ELSEWHERE_S", 0.2)


class HalfWritten:
    """A run of which a machine that is called node7 had written half a transaction when it was last heard of."""

    def __init__(self, root):
        self.root = root
        self.lease = root / "control" / "lease"

    @property
    def kept(self):
        return sorted(path.name.partition("-")[0] for path in self.root.glob("control/*-00*"))

    def pass_three_minutes(self):
        os.utime(self.lease, (0, 0))


@pytest.fixture
def half_written(half_write, hold_elsewhere):
    """Make a run one."""

    def go(root):
        half_write(root)
        hold_elsewhere(root)
        return HalfWritten(root)

    return go


@pytest.fixture
def active(terminal, until, half_written):
    """A run that waits behind a gate, whose driver was killed."""
    run_id = terminal.steps("submit", "--executor", "local", "--gate", "--detach", "-q").out.strip()
    until(lambda: (terminal.folder / "runs" / "steps" / "begun1").exists())
    root = terminal.run_root(run_id)
    os.kill(json.loads((root / "control" / "lease").read_text())["process"][2], signal.SIGKILL)
    return half_written(root)


@pytest.fixture
def failed(terminal, half_written):
    """A run of which two instances have failed."""
    broken = terminal.folder / "broken"
    broken.touch()
    (terminal.folder / "once.py").write_text(ONCE)
    assert terminal.python("once.py", "submit", "--executor", "local").code == 1
    broken.unlink()
    (root,) = (terminal.folder / "runs" / "once" / ".reflow").iterdir()
    return half_written(root)


ONCE = """
import os
from reflow import Workflow
wf = Workflow("once")
@wf.job
def fails() -> int:
    if os.path.exists("broken"):
        raise ValueError("broken")
    return 1
if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""


@pytest.mark.parametrize("words", [[], ["@last"], ["work[1]"]], ids=" ".join)
def test_a_cancel_is_kept_and_the_next_look_carries_it_out(terminal, active, words):
    told = terminal.steps("cancel", *words)

    assert told.complains(
        3, "half written by", "node7", "the cancel is kept", f"reflow status {active.root.name}"
    )
    assert active.kept == ["cancel"]
    active.pass_three_minutes()
    told = terminal.steps("status", "--json").json
    if words != ["work[1]"]:
        assert told["state"] == "cancelled"


def test_a_cancel_of_what_is_in_a_state_is_refused_since_nobody_can_tell_what_is(terminal, active):
    told = terminal.steps("cancel", "work[submitted]")

    assert told.complains(3, "half written by", "node7")
    assert active.kept == []


def test_a_retry_is_kept_and_the_next_advance_carries_it_out(terminal, failed):
    told = terminal.python("once.py", "retry")

    assert told.complains(
        3, "half written by", "node7", "the retry is kept", f"reflow advance {failed.root.name}"
    )
    assert failed.kept == ["retry"]
    failed.pass_three_minutes()
    assert terminal.python("-m", "reflow", "advance", failed.root.name).code == 0
    assert terminal.python("once.py", "results", "fails").out == "fails  1\n"
