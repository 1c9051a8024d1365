"""Instances that wait until a gate is opened, so that a test can act while they run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

from noting import note

from reflow import Result, RunDir, TaskInterrupted, Workflow

wf = Workflow("gates")


@wf.job
def names(names: list[str], run_dir: RunDir = RunDir()) -> list[str]:
    note(run_dir, "names")
    return names


@wf.array_job
def gated(name: Annotated[str, Result("names")], run_dir: RunDir = RunDir()) -> str:
    """Wait for the gate of its name or for that of all; without them, for ever.

    One that is interrupted takes as long to end as there is a file that holds it.
    """
    gates = Path(run_dir) / "open", Path(run_dir) / f"open-{name}"
    try:
        note(run_dir, "begin", name)
        while not any(gate.exists() for gate in gates):
            time.sleep(0.01)
    except TaskInterrupted:
        note(run_dir, "interrupted", name)
        while (Path(run_dir) / f"hold-{name}").exists():
            time.sleep(0.01)
        raise
    if name.startswith("fails"):
        raise ValueError(name)
    note(run_dir, "end", name)
    return name


@wf.array_job
def behind(name: Annotated[str, Result("gated")], run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "behind", name)
    return name


@wf.job
def gather(found: Annotated[list[str], Result("behind")], run_dir: RunDir = RunDir()) -> list[str]:
    note(run_dir, "gather")
    return found


@wf.job
def beside(run_dir: RunDir = RunDir()) -> None:
    note(run_dir, "beside")


if __name__ == "__main__":
    raise SystemExit(wf.cli())
