"""Instances that last until a file is there, or sleep for half a minute if there is none when they begin."""

import os
import time
from pathlib import Path
from typing import Annotated, Literal

from reflow import Param, Result, RunDir, Workflow

wf = Workflow("patient")


Names = Annotated[list[str], Param(help="Of the instances")]
Attempts = Annotated[Literal["one", "two"], Param(help="How many each may have")]


@wf.job()
def names(names: Names, attempts: Attempts) -> list[str]:
    return names if attempts == "one" else []


@wf.job()
def other_names(names: Names, attempts: Attempts) -> list[str]:
    return names if attempts == "two" else []


@wf.array_job()
def once(name: Annotated[str, Result(step="names")], run_dir: RunDir = RunDir()) -> str:
    return last(run_dir, name)


@wf.array_job(retries=1)
def twice(name: Annotated[str, Result(step="other_names")], run_dir: RunDir = RunDir()) -> str:
    return last(run_dir, name)


def last(run_dir: Path, name: str) -> str:
    with open(run_dir / f"called-{name}", "a", encoding="ascii") as calls:
        calls.write(f"{os.getpid()}\n")
    while not (run_dir / f"end-{name}").exists():
        time.sleep(30 if name.startswith("sleeper") else 0.02)
    return name.upper()


if __name__ == "__main__":
    raise SystemExit(wf.cli())
