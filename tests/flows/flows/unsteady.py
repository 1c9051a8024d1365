"""Tasks that return another thing each time, or seem to."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

from noting import note

from reflow import Param, Result, RunDir, Workflow

wf = Workflow("unsteady")
Hidden = Annotated[Path, Param(help="A file that nobody looks at when something is reused", track="path")]


@wf.job
def names() -> list[str]:
    return ["a", "b", "c"]


@wf.array_job
def draw(name: Annotated[str, Result("names")], hidden: Hidden, run_dir: RunDir = RunDir()) -> str:
    note(run_dir, "draw", name)
    while (run_dir / "gate").exists():
        time.sleep(0.01)
    return name if name == "a" else f"{name} {hidden.read_text()}"


@wf.job
def keep(hidden: Hidden, run_dir: RunDir = RunDir()) -> Path:
    (run_dir / "kept").write_text(hidden.read_text())
    return run_dir / "kept"


@wf.job(cache=False)
def look(hidden: Hidden) -> str:
    return hidden.read_text()
