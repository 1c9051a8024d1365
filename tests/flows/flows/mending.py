"""Instances that fail as long as the run directory has a file that says so."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from noting import note

from reflow import Result, RunDir, Workflow

wf = Workflow("mending")


def work_on(name: str, run_dir: Path) -> None:
    note(run_dir, name)
    print(f"worked on {name}")
    if (run_dir / f"broken {name}").exists():
        raise ValueError(f"{name} is broken")


@wf.job
def first(names: list[str], run_dir: RunDir = RunDir()) -> list[str]:
    work_on("first", run_dir)
    return names


@wf.array_job
def each(name: Annotated[str, Result("first")], run_dir: RunDir = RunDir()) -> str:
    work_on(name, run_dir)
    return name.upper()


@wf.array_job
def then(name: Annotated[str, Result("each")], run_dir: RunDir = RunDir()) -> str:
    work_on(f"then {name}", run_dir)
    return f"{name}!"


@wf.job
def total(found: Annotated[list[str], Result("then")], run_dir: RunDir = RunDir()) -> str:
    work_on("total", run_dir)
    return "".join(found)


@wf.job
def alone(run_dir: RunDir = RunDir()) -> None:
    work_on("alone", run_dir)


@wf.job(cache=False)
def lengths(run_dir: RunDir = RunDir()) -> list[int]:
    work_on("lengths", run_dir)
    return [1, 2, 3]


@wf.array_job
def zipped(
    name: Annotated[str, Result("each")],
    length: Annotated[int, Result("lengths")],
    run_dir: RunDir = RunDir(),
) -> str:
    work_on(f"zipped {name}", run_dir)
    return f"{name}{length}"
