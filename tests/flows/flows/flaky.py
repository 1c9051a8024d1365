"""Instances that fail a number of times, each in its own way, before they succeed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

from noting import note

from reflow import Result, RunDir, Workflow

wf = Workflow("flaky")


@wf.job
def names(names: list[str]) -> list[str]:
    return names


@wf.array_job(retries=2)
def flaky(name: Annotated[str, Result("names")], run_dir: RunDir = RunDir()) -> str:
    """Fail as the words of its name say, one each time, until there is no word left."""
    note(run_dir, name)
    times = (Path(run_dir) / "calls").read_text().splitlines().count(name)
    way = dict(enumerate(name.split(), 1)).get(times, "")
    print(f"{name}, {times}", flush=True)
    if way == "raise":
        raise ValueError(f"time {times}")
    if way == "exit":
        sys.exit(times)
    if way == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if way == "misfit":
        return None  # type: ignore[return-value]
    return name


@wf.job
def count(found: Annotated[list[str], Result("flaky")]) -> int:
    return len(found)
