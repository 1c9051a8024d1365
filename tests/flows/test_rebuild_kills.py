"""A rebuild that is killed between two of its own steps leaves the old file or the new one, and a second one goes on.

What SQLite does in between is killed in ``tests/crash/test_rebuild.py``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reflow.cli.main import main

NAMES = ["a", "b", "c"]
STEPS = ("rename", "link", "unlink", "fsync", "mkdir", "rmdir", "replace")
RUIN = b"no database at all"


class Ruined:
    """A run of which the ledger or the store is no database, and commands for it, each in a child of its own."""

    def __init__(self, lab, wf):
        self.lab = lab
        seen = lab.submit(wf, names=NAMES)
        self.run_id, self.run_dir = seen.run.id, str(seen.run_dir)
        self.files = {
            "ledger": seen.run_dir / ".reflow" / seen.run.id / "ledger.db",
            "store": Path(lab.store),
        }

    def type(self, *words: str, kill_at: int | None = None) -> int:
        child = os.fork()
        if child == 0:
            with self.lab.home():
                os.environ["REFLOW_STORE"] = self.lab.store
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                os.dup2(1, 2)
                if kill_at is not None:
                    _die_at(kill_at)
                os._exit(main(None, list(words), "reflow"))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _die_at(step: int) -> None:
    """Have this process end before it has changed the disk so many times."""
    left = [step]

    def dying(real):
        def act(*args, **options):
            if left[0] == 0:
                os._exit(99)
            left[0] -= 1
            return real(*args, **options)

        return act

    for name in STEPS:
        setattr(os, name, dying(getattr(os, name)))


@pytest.fixture
def ruined(tmp_path, labs, flows):
    return Ruined(labs(tmp_path, "inline"), flows("mending").wf)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["ledger", "store"])
def test_a_rebuild_may_be_killed_before_any_step_that_it_takes_itself(ruined, what):
    path = ruined.files[what]
    words = ["store", "rebuild", *([ruined.run_id] if what == "ledger" else []), "--run-dir", ruined.run_dir]
    read = ["results", ruined.run_id, "--run-dir", ruined.run_dir] if what == "ledger" else ["runs"]
    step, code = 0, 99
    while code == 99:
        path.write_bytes(RUIN)
        code = ruined.type(*words, kill_at=step)
        is_new = path.read_bytes() != RUIN

        assert ruined.type(*read) == (0 if is_new else 3), step
        assert ruined.type(*words) == 0, step
        assert ruined.type(*read) == 0, step
        assert list(path.parent.glob(f"{path.name}.damaged-*")), step
        assert not list(path.parent.glob("*.rebuilt")), step
        step += 1
    assert code == 0
    assert step > 10
