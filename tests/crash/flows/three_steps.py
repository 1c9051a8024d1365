"""Prepares, converts and finishes; every call leaves a line, so that a second call of an instance shows."""

import os
from pathlib import Path
from typing import Annotated

from reflow import Param, Result, RunDir, Workflow

wf = Workflow("crash")


def leave_line(run_dir: Path, instance: str) -> None:
    with open(run_dir / f"called-{instance}", "a", encoding="ascii") as calls:
        calls.write(f"{os.getpid()}\n")


@wf.job()
def prepare(count: Annotated[int, Param(help="How many items")] = 3, run_dir: RunDir = RunDir()) -> list[str]:
    leave_line(run_dir, "prepare")
    return [f"item{number}" for number in range(count)]


@wf.array_job()
def convert(item: Annotated[str, Result(step="prepare")], run_dir: RunDir = RunDir()) -> str:
    leave_line(run_dir, f"convert-{item.removeprefix('item')}")
    return item.upper()


@wf.job()
def finalize(items: Annotated[list[str], Result(step="convert")], run_dir: RunDir = RunDir()) -> str:
    leave_line(run_dir, "finalize")
    return " ".join(items)


if __name__ == "__main__":
    raise SystemExit(wf.cli())
