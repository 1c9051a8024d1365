"""A coordinator is killed while its sbatch goes on trying: what is taken in the end is a copy that does no harm."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from watched import until

pytestmark = pytest.mark.slow

FLOW = """
import os, time
from typing import Annotated
from reflow import Result, RunDir, Workflow

wf = Workflow("tried")

@wf.job
def items() -> list[int]:
    return [1, 2]

@wf.array_job
def work(item: Annotated[int, Result(step="items")], run_dir: RunDir = RunDir()) -> int:
    with open(run_dir / "calls", "a") as calls:
        calls.write(f"{item} {os.environ['SLURM_ARRAY_JOB_ID']}\\n")
    while not (run_dir / "gate").exists():
        time.sleep(0.05)
    return item

@wf.job
def total(items: Annotated[list[int], Result(step="work")]) -> int:
    return sum(items)

if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""
#: The first sbatch of the array tries until the controller is up again, whoever called it.
TRYING = """#!/bin/sh
case "$*" in
  *tried.work.*) if mkdir "$STANDIN_SLURM/trying" 2> /dev/null; then
    cat > "$STANDIN_SLURM/script"
    touch "$STANDIN_SLURM/began"
    tries=0
    until [ -e "$STANDIN_SLURM/up" ]; do
      [ "$tries" -lt 6000 ] || exit 1
      tries=$((tries + 1))
      sleep 0.05
    done
    "$STANDIN_SLURM/bin/taken" "$@" < "$STANDIN_SLURM/script" > "$STANDIN_SLURM/number"
    touch "$STANDIN_SLURM/was-taken"
    exit 0
  fi ;;
esac
exec "$STANDIN_SLURM/bin/taken" "$@"
"""


class Scene:
    """A run whose coordinator was killed inside sbatch, and which another has gone on with since."""

    def __init__(self, standin: Any, place: Path) -> None:
        self.standin = standin
        self.folder = place / "run"
        self.place = place
        (place / "flow.py").write_text(FLOW)
        sbatch = standin.bin / "sbatch"
        sbatch.rename(standin.bin / "taken")
        sbatch.write_text(TRYING)
        sbatch.chmod(0o755)
        submit = self.begin("flow.py", "submit", "--executor", "slurm", "--run-dir", str(self.folder))
        until((standin.folder / "began").exists)
        self.kill_coordinators()
        submit.communicate()

    def begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=self.place,
            env={**os.environ, "REFLOW_SETTLE_S": "1", "REFLOW_STORE": str(self.place / "store.db")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def reflow(self, command: str, *words: str) -> str:
        process = self.begin("-m", "reflow", command, "@last", *words, "--run-dir", str(self.folder))
        said, _ = process.communicate(timeout=100.0)
        assert process.returncode == 0, said
        return said

    def kill_coordinators(self) -> None:
        """Kill whoever advances the run: the last one out of the first task, or the submit where that was sooner."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if ("advance" in words and str(self.root) in words) or str(self.folder) in words:
                os.kill(int(pid), signal.SIGKILL)

    @property
    def root(self) -> Path:
        (root,) = (self.folder / ".reflow").iterdir()
        return root

    @property
    def calls(self) -> list[list[str]]:
        """The elements whose function was called, and the array jobs that did so."""
        path = self.folder / "calls"
        return sorted(line.split() for line in path.read_text().splitlines()) if path.exists() else []

    def go_on(self) -> None:
        """Look until the array has been submitted again, which nobody has heard of."""
        until(lambda: self.reflow("advance") and len(self.arrays) == 1)

    def let_it_through(self) -> None:
        """Let the first sbatch come through."""
        (self.standin.folder / "up").touch()
        until((self.standin.folder / "was-taken").exists)

    @property
    def files(self) -> set[Path]:
        """The files of the run that have something in them; what a command beats or notes in passing is none of it."""
        there = (path for path in self.root.rglob("*") if path.is_file() and path.stat().st_size)
        return {path for path in there if "control" not in path.parts}

    @property
    def arrays(self) -> list[str]:
        """The numbers of the array jobs that were taken."""
        found = []
        for folder in sorted((self.standin.folder / "jobs").iterdir(), key=lambda path: int(path.name)):
            if ".work." in (folder / "job.json").read_text():
                found.append(folder.name)
        return found

    def states(self, array: str) -> set[str]:
        folder = self.standin.folder / "jobs" / array
        return {(folder / str(element)).read_text().split()[0] for element in (0, 1)}

    def open(self) -> None:
        (self.folder / "gate").touch()


@pytest.fixture
def scene(standin, tmp_path) -> Iterator[Scene]:
    try:
        made = Scene(standin, tmp_path)
        yield made
        made.open()
    finally:
        (standin.folder / "up").touch()  # else that sbatch would go on trying


def test_the_copy_that_comes_later_leaves_no_trace(scene):
    scene.go_on()
    until(lambda: len(scene.calls) == 2)
    scene.let_it_through()
    first, second = scene.arrays
    until(lambda: scene.states(second) == {"COMPLETED"})
    scene.open()

    until(lambda: "SUCCEEDED" in scene.reflow("status"))
    assert scene.reflow("results", "total") == "total  3\n"
    assert scene.calls == [["1", first], ["2", first]]


def test_a_copy_that_comes_when_all_is_done_leaves_no_trace(scene):
    scene.go_on()
    scene.open()
    until(lambda: "SUCCEEDED" in scene.reflow("status"))
    before = scene.files
    scene.let_it_through()
    first, second = scene.arrays
    until(lambda: scene.states(second) <= {"COMPLETED", "FAILED"})

    assert scene.states(second) == {"COMPLETED"}
    assert "SUCCEEDED" in scene.reflow("status")
    assert scene.calls == [["1", first], ["2", first]]
    assert scene.files == before


def test_a_cancel_reaches_both(scene):
    scene.standin.configure(held=True)
    scene.go_on()
    scene.let_it_through()
    scene.reflow("cancel")

    until(lambda: [scene.states(array) for array in scene.arrays] == [{"CANCELLED"}] * 2)
    assert "CANCELLED" in scene.reflow("status")
    assert scene.calls == []


def test_a_copy_that_comes_after_a_cancel_calls_nothing(scene):
    scene.standin.configure(held=True)
    scene.go_on()
    scene.reflow("cancel")
    scene.standin.configure()
    scene.let_it_through()
    second = scene.arrays[-1]
    until(lambda: scene.states(second) <= {"COMPLETED", "FAILED", "CANCELLED"})

    assert scene.calls == []
    assert "CANCELLED" in scene.reflow("status")
