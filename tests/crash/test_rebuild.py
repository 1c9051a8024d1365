"""A rebuild that is killed before any call that writes leaves the old file or a whole new one; a second one goes on."""

from __future__ import annotations

import itertools
import signal
from pathlib import Path

import pytest
from crash_faults import KILL, Fault
from crash_rig import Rig
from crash_scene import Scene

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.usefixtures("strace")]

RUIN = b"no database at all"
STEPS = {"pwrite64": 7}  #: of calls of which there are very many, one in so many is hit
#: How many calls of each kind are hit at least; the sweeps go on until there are no more.
LEAST = {
    "ledger": {
        "fsync": 4,
        "fdatasync": 20,
        "pwrite64": 14,
        "rename": 3,
        "link": 2,
        "unlink": 10,
        "mkdir": 1,
        "rmdir": 1,
    },
    "store": {"fsync": 2, "fdatasync": 20, "pwrite64": 14, "rename": 2, "link": 5, "unlink": 20},
}
CASES = [(what, call) for what, calls in LEAST.items() for call in calls]


class Ruins:
    """Runs that are over, of which one file is ruined and made anew time and again."""

    def __init__(self, rig: Rig, what: str) -> None:
        self._rig = rig
        self._what = what
        self._idle: list[Scene] = []

    def try_rebuild(self, fault: Fault) -> bool:
        """Rebuild under a fault, do it again, go on with the run, verify; return whether the fault came."""
        scene = self._take()
        file = Path(scene.paths.root, "ledger.db") if self._what == "ledger" else scene.place / "store.db"
        file.write_bytes(RUIN)

        ended = scene.rebuild(self._what, fault)
        assert ended.code in (0, -signal.SIGKILL), ended
        if file.read_bytes() != RUIN:
            assert scene.picture() == self._rig.undisturbed
        assert scene.rebuild(self._what).code == 0
        assert scene.picture() == self._rig.undisturbed
        self._remove_old(file)
        scene.go_on()
        assert not scene.stray()

        self._idle.append(scene)
        return ended.was_hit

    def _take(self) -> Scene:
        try:
            return self._idle.pop()
        except IndexError:  # others are at all of them
            scene = self._rig.scene()
            assert scene.submit().code == 0
            return scene

    def _remove_old(self, file: Path) -> None:
        kept = list(file.parent.glob(f"{file.name}.damaged-*"))
        assert RUIN in [one.read_bytes() for one in kept]
        for one in kept:
            one.unlink()


@pytest.mark.parametrize(("what", "call"), CASES)
def test_a_rebuild_that_is_killed_before_any_call_that_writes_loses_nothing_and_can_be_repeated(
    rig, what, call
):
    ruins = Ruins(rig, what)

    numbers = itertools.count(1, STEPS.get(call, 1))

    came = rig.try_all((Fault(call, KILL, n) for n in numbers), ruins.try_rebuild)

    assert came >= LEAST[what][call]
