"""A user who types commands in a directory, and runs on a real cluster that are watched without being helped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Watched:
    """A run of which only its files are read: whoever asks reflow how it stands helps it on."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def picture(self) -> dict[str, Any]:
        """What the last pass over it left beside the ledger; while there is none, it is running."""
        try:
            return dict(json.loads((self.root / "status.json").read_text()))
        except FileNotFoundError:
            return {"state": "running"}

    def see_end(self, timeout_s: float = 60.0) -> str:
        """Return how it ends by itself."""
        until(lambda: self.picture["state"] != "running", timeout_s)
        return str(self.picture["state"])


class Shell:
    """Somebody in a directory of their own, whose commands reach a cluster."""

    def __init__(self, place: Path, cluster: Any) -> None:
        self.place = place
        self.cluster = cluster

    def type(self, *words: str, ok: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Type a command of this interpreter, such as ``-m reflow status``."""
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.place,
            env={**os.environ, "SLURM_CONF": self.cluster.conf, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100.0,
            check=False,
        )
        assert not ok or done.returncode == 0, done.stderr[-2000:]
        return done

    def status(self, folder: Path) -> dict[str, Any]:
        """Return what the user is told of the one run in a directory."""
        told = self.type("-m", "reflow", "status", "@last", "--json", "--run-dir", str(folder))
        return dict(json.loads(told.stdout))

    def results(self, folder: Path, task: str) -> dict[int, Any]:
        """Return what the instances of a task of the one run in a directory returned."""
        from reflow import open_run

        return open_run("@last", folder).results(task)

    def queue(self) -> list[str]:
        """The names of the jobs that have not ended and were submitted from here."""
        told = self.cluster.run("squeue", "-h", "-o", "%j|%Z").splitlines()
        rows = [line.split("|", 1) for line in told]
        return [name for name, cwd in rows if Path(cwd) == self.place]


def run_in(folder: Path) -> Watched:
    """Return the one run in a directory."""
    (root,) = (folder / ".reflow").iterdir()
    return Watched(root)


def until(holds: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Return when something holds."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold in time"
        time.sleep(0.1)
