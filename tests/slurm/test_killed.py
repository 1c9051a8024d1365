"""Whoever advances a run on a real cluster is killed at its writes; the next event or the next look goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from watched import Shell, Watched, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FLOW = Path(__file__).parents[1] / "crash" / "flows" / "three_steps.py"
CALLS = {"rename": "?rename,?renameat,?renameat2", "link": "?link,?linkat", "unlink": "?unlink,?unlinkat"}
KINDS = ("fdatasync", "rename", "unlink")
AT_ONCE = 6  #: runs side by side; they mostly wait
ONCE = {"prepare": 1, "convert-0": 1, "convert-1": 1, "convert-2": 1, "finalize": 1}


class Point(NamedTuple):
    """The n-th call of a kind, before which a process is killed."""

    call: str
    n: int

    def strace(self, trace: Path) -> list[str]:
        calls = CALLS.get(self.call, self.call)
        choice = ["-e", f"trace={calls}", "-e", f"inject={calls}:signal=SIGKILL:when={self.n}"]
        return ["strace", "-qq", "-o", str(trace), *choice]


class Scene(Shell):
    """A user with a store of their own and one run, on a cluster whose answers come soon."""

    def __init__(self, place: Path, cluster: Any) -> None:
        place.mkdir()
        super().__init__(place, cluster)
        self.folder = place / "run"
        self._words = ["--run-dir", str(self.folder), "--store", str(place / "store.db")]
        self._environment = {"HOME": str(place), "XDG_STATE_HOME": str(place), "REFLOW_SETTLE_S": "5"}

    @property
    def trace(self) -> Path:
        return self.place / "trace"

    @property
    def was_hit(self) -> bool:
        return self.trace.exists() and "killed by SIGKILL" in self.trace.read_text(errors="replace")

    def submit(self, *prefix: str, **environment: str) -> int:
        """Submit the flow, behind the words of another program; return how that ended."""
        return subprocess.run(
            [*prefix, sys.executable, str(FLOW), "submit", "-q", "--executor", "slurm", *self._words],
            cwd=self.place,
            env={**os.environ, "SLURM_CONF": self.cluster.conf, **self._environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=100.0,
            check=False,
        ).returncode

    def look(self) -> None:
        self.type("-m", "reflow", "status", "@last", *self._words, **self._environment)

    def advance(self) -> None:
        self.type("-m", "reflow", "advance", "@last", *self._words, **self._environment)

    @property
    def run(self) -> Watched | None:
        """The one run that exists, if there is one."""
        found = list(self.folder.glob(".reflow/*/run.json"))
        return Watched(found[0].parent) if found else None

    @property
    def calls(self) -> dict[str, int]:
        files = self.folder.glob("called-*")
        return {path.name.removeprefix("called-"): len(path.read_text().split()) for path in files}

    def verify(self) -> None:
        """All has been done once, and no job is left."""
        run = self.run
        assert run is not None
        assert run.see_end(150.0) == "succeeded"
        assert self.calls == ONCE
        assert self.results(self.folder, "finalize") == {0: "ITEM0 ITEM1 ITEM2"}


@pytest.fixture(autouse=True)
def needs_strace() -> None:
    if shutil.which("strace") is None:
        assert not os.environ.get("CI"), "there is no strace; type: apt-get install strace"
        pytest.skip("NO COORDINATOR WAS KILLED: there is no strace; type: apt-get install strace")


def sweep(act: Callable[[Point], bool]) -> Counter[str]:
    """Try every call of each kind, several side by side, until they do not come; return how many came."""
    came: Counter[str] = Counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for call in KINDS:
            hits = [True]
            while all(hits):
                points = [Point(call, came[call] + n) for n in range(1, AT_ONCE + 1)]
                hits = list(pool.map(act, points))
                came[call] += sum(hits)
    return came


def test_a_submit_that_is_killed_is_gone_on_with(accounted, tmp_path):
    def act(point: Point) -> bool:
        scene = Scene(tmp_path / f"{point.call}{point.n}", accounted)
        scene.submit(*point.strace(scene.trace))
        if scene.run is None:
            assert scene.submit() == 0
        else:
            scene.advance()
        scene.verify()
        return scene.was_hit

    came = sweep(act)
    assert min(came[call] for call in KINDS) >= 2, came


PYTHON = """#!/bin/sh
case "$*" in *" advance "*) mkdir '{place}/first' 2>/dev/null && exec {strace} '{python}' "$@" ;; esac
exec '{python}' "$@"
"""


def submitted_with(scene: Scene, point: Point) -> None:
    """Submit a flow of which the first last one out is killed at a point."""
    python = scene.place / "python"
    strace = " ".join(f"'{word}'" for word in point.strace(scene.trace))
    python.write_text(PYTHON.format(place=scene.place, strace=strace, python=sys.executable))
    python.chmod(0o755)
    assert scene.submit(REFLOW_PYTHON=str(python)) == 0


def test_a_look_heals_what_died_on_a_node_with_all_that_watched_over_it(accounted, tmp_path):
    scene = Scene(tmp_path / "looked-at", accounted)
    submitted_with(scene, Point("fdatasync", 2))
    until(lambda: scene.was_hit)
    guards = [name for name in scene.queue() if ".watchdog." in name or ".net." in name]
    for name in guards:
        accounted.run("scancel", f"--name={name}")
    until(lambda: not scene.queue())
    assert scene.run is not None
    assert scene.run.picture["state"] == "running"

    def is_over() -> bool:
        scene.look()
        return scene.run is not None and scene.run.picture["state"] != "running"

    until(is_over, 150.0)
    scene.verify()


def test_a_last_one_out_that_is_killed_leaves_the_run_to_its_watchdog(accounted, tmp_path):
    def act(point: Point) -> bool:
        scene = Scene(tmp_path / f"{point.call}{point.n}", accounted)
        submitted_with(scene, point)
        scene.verify()
        return scene.was_hit

    came = sweep(act)
    assert min(came[call] for call in KINDS) >= 2, came
