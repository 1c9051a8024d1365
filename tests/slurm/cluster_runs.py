"""Runs on a real cluster as tests see them, and the user who submits them."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from watched import until

from reflow import Run, Workflow

DEMO = Path(__file__).parents[2] / "examples" / "demo_flow.py"
DEMO_GIVEN = ["--start", "2025-01-01", "--end", "2025-01-31", "--bucket", "b", "--model", "icon"]
KILL_WAIT_S = 5.0  #: as the clusters of these tests are set up
CANCEL_S = 5.0  #: what a cancel may take beyond that


class Job(NamedTuple):
    """A job as Slurm's accounting tells it; arrays that have not begun are one."""

    number: str
    task: str
    state: str
    start: str


class Queued(NamedTuple):
    """A job as Slurm's controller tells it; the elements of an array that have not begun are one.

    Attributes:
        array: Number of the array job.
        element: Which element of it, or which ones.
        begin: When it may begin, or began.
    """

    array: str
    element: str
    task: str
    state: str
    begin: str
    node: str
    reason: str


class ClusterRun:
    """A run that is watched without being helped: only what it writes by itself is read."""

    def __init__(self, run: Run, folder: Path, cluster: Any, cwd: str) -> None:
        self.run = run
        self.folder = folder
        self._cwd = cwd  # by which its jobs are known: no other test has the same
        self.root = folder / ".reflow" / run.id
        self._cluster = cluster

    @property
    def picture(self) -> dict[str, Any]:
        """What the last pass over it left beside the ledger."""
        return dict(json.loads((self.root / "status.json").read_text()))

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many instances of each task are in which state."""
        return {name: task["counts"] for name, task in self.run.status(as_dict=True)["tasks"].items()}

    @property
    def reasons(self) -> dict[str, str]:
        """Why instances failed, by ``TASK[INDEX]``."""
        return {f"{e['task']}[{e['index']}]": e["error"] for e in self.run.errors()}

    @property
    def queue(self) -> dict[str, str]:
        """The states of its elements that Slurm has not seen the end of, by ``JOB_ELEMENT``."""
        told = self._cluster.run("squeue", "-h", "-r", "-o", "%i|%T|%Z")
        return {number: state for number, state, cwd in _rows(told, 3) if cwd == self._cwd}

    @property
    def jobs(self) -> list[Job]:
        """All jobs that Slurm has had of it."""
        fields = "JobID,JobName,State,Start,WorkDir"
        told = self._cluster.run("sacct", "-n", "-P", "-X", "-S", "now-1hour", "-o", fields)
        return [
            Job(i, name.split(".")[-2], state, start)
            for i, name, state, start, cwd in _rows(told, 5)
            if cwd == self._cwd
        ]

    def queued(self, task: str) -> list[Queued]:
        """Return the jobs of a task, of ``watchdog`` or of ``net`` that Slurm has not seen the end of."""
        told = self._cluster.run("squeue", "-h", "-o", "%F|%K|%j|%T|%S|%N|%r|%Z")
        found = [
            Queued(row[0], row[1], row[2].split(".")[-2:][0], *row[3:7])
            for row in _rows(told, 8)
            if row[7] == self._cwd
        ]
        return [one for one in found if one.task == task]

    def asked(self, task: str) -> list[str]:
        """What the elements of a task asked for: memory, CPUs and time."""
        fields = "JobName,WorkDir,ReqMem,ReqCPUS,Timelimit"
        told = self._cluster.run("sacct", "-n", "-P", "-X", "-S", "now-1hour", "-o", fields)
        return [
            "|".join(asked)
            for name, cwd, *asked in _rows(told, 5)
            if cwd == self._cwd and f".{task}." in name
        ]

    def array(self, task: str) -> str:
        """Return the number of the array job of a task."""
        (number,) = {one.array for one in self.queued(task)}
        return number

    def began(self, *names: str) -> bool:
        """Whether tasks stand before the gate."""
        return all((self.folder / f"began-{name}").exists() for name in names)

    def open(self, name: str = "") -> None:
        """Let tasks pass the gate."""
        (self.folder / (f"open-{name}" if name else "open")).touch()


def _rows(told: str, columns: int) -> list[list[str]]:
    """Return what Slurm tells in columns; the directories of other tests may hold line breaks."""
    rows = (line.split("|") for line in told.splitlines())
    return [row for row in rows if len(row) == columns]


class User:
    """Somebody with a home and results of their own, who submits to a real cluster."""

    def __init__(self, place: Path, cluster: Any) -> None:
        self.place = place
        self.cluster = cluster
        self._numbers = itertools.count()

    def submit(self, workflow: Workflow, **given: Any) -> ClusterRun:
        """Submit a workflow to the cluster."""
        folder = self.place / f"run{next(self._numbers)}"
        run = workflow.submit(
            folder, executor="slurm", store=str(self.place / "store.db"), wait=False, **given
        )
        return ClusterRun(run, folder, self.cluster, os.getcwd())

    wait = staticmethod(until)

    def see_end(self, run: ClusterRun, timeout_s: float = 60.0) -> str:
        """Return how a run ends by itself."""
        self.wait(lambda: run.picture["state"] != "running", timeout_s)
        return str(run.picture["state"])

    def see_cancelled(self, run: ClusterRun) -> None:
        """Return when nothing of a run that was just cancelled is in the queue, as soon as a cancel promises it."""
        returned = time.monotonic()
        self.wait(lambda: "PENDING" not in run.queue.values(), CANCEL_S)
        self.wait(lambda: not run.queue, KILL_WAIT_S + CANCEL_S - (time.monotonic() - returned))

    def type(self, *words: str, script: Path = DEMO) -> str:
        """Type a command of a script, the demo's if no other is given."""
        argv = [sys.executable, str(script), *words]
        done = subprocess.run(argv, cwd=self.place, capture_output=True, text=True, timeout=60.0, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def wrap_sbatch(self, script: str) -> Mapping[str, str]:
        """Return an environment in which sbatch is a script; ``$REAL`` is the real one, ``$PLACE`` the user's.

        It is handed down to all jobs that are submitted with it.
        """
        program = self.place / "bin" / "sbatch"
        program.parent.mkdir()
        program.write_text(f"#!/bin/bash\nREAL={shutil.which('sbatch')} PLACE='{self.place}'\n{script}\n")
        program.chmod(0o755)
        return {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def strays(text: str) -> list[str]:
    """Return the processes whose command line has a text, and that no job of Slurm's has begun."""
    commands, parents = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            commands[pid] = (
                Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            )
            parents[pid] = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue

    def is_of_slurm(pid: str) -> bool:
        while pid in parents:
            if "slurmstepd" in commands[pid]:
                return True
            pid = parents[pid]
        return False

    own = str(os.getpid())
    return [commands[pid] for pid in parents if text in commands[pid] and pid != own and not is_of_slurm(pid)]
