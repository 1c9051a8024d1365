"""A private cluster to measure on."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.venvs import ROOT

SCRIPT = ROOT / "tests" / "slurm" / "cluster"
PARTITION = "compute"  #: the default one of that script
EMPTY_S = 300.0  #: after how long a queue is taken for stuck
LOOK_S = 0.1  #: between two looks at the queue: often enough to tell, and a few hundredths of one core


class Cluster:
    """Four nodes that have nothing else to do."""

    def __init__(self, conf: str) -> None:
        self.conf = conf

    def ask(self, *argv: str) -> str:
        """Return what a command of Slurm's says."""
        environment = {**os.environ, "SLURM_CONF": self.conf}
        return subprocess.run(argv, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    def is_empty(self) -> bool:
        """Whether no job is pending, running or ending."""
        return not self.ask("squeue", "-h", "-o", "%A")

    def wait_until_empty(self) -> None:
        """Return when the last job has left the queue."""
        deadline = time.monotonic() + EMPTY_S
        while not self.is_empty():
            if time.monotonic() > deadline:
                raise RuntimeError(f"the queue does not get empty:\n{self.ask('squeue')}")
            time.sleep(LOOK_S)

    def clear(self) -> None:
        """End all jobs."""
        self.ask("scancel", f"--user={os.getuid()}")
        self.wait_until_empty()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Let nothing start meanwhile: jobs are taken, and wait; they are cancelled at the end."""
        self.ask("scontrol", "update", f"PartitionName={PARTITION}", "State=DOWN")
        try:
            yield
        finally:
            self.clear()
            self.ask("scontrol", "update", f"PartitionName={PARTITION}", "State=UP")

    def command_of(self, task: str) -> list[str]:
        """Return what each element of the pending array of a task runs, from the script that Slurm keeps of it."""
        names = (line.split() for line in self.ask("squeue", "-h", "-o", "%A %j").splitlines())
        job = next(job for job, name in names if f".{task}." in name)
        script = self.ask("scontrol", "write", "batch_script", job, "-")
        last = next(line for line in reversed(script.splitlines()) if line.startswith("exec "))
        return shlex.split(last)[1:]


@contextmanager
def private_cluster() -> Iterator[Cluster]:
    """Bring a cluster up, and take it down at the end; it goes with this process in any case."""
    conf = _script("up", "--while-pid", str(os.getpid())).strip().removeprefix("export SLURM_CONF=")
    try:
        yield Cluster(conf)
    finally:
        _script("down", "--dir", os.path.dirname(conf))


def _script(*words: str) -> str:
    argv = [sys.executable, str(SCRIPT), *words]
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout
