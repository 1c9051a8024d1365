"""Two instances that take half a minute each, unless a file says that they are to be quick."""

import os
import time
from pathlib import Path
from typing import Annotated

from reflow import Param, Result, RunDir, Workflow

wf = Workflow("long")


@wf.job()
def names(count: Annotated[int, Param(help="How many")] = 2) -> list[str]:
    return [f"n{number}" for number in range(count)]


@wf.array_job()
def sleep(name: Annotated[str, Result(step="names")], run_dir: RunDir = RunDir()) -> str:
    with open(run_dir / f"called-{name}", "a", encoding="ascii") as calls:
        calls.write(f"{os.getpid()}\n")
    _pause(run_dir, name)
    return name.upper()


@wf.array_job(retries=1)
def again(name: Annotated[str, Result(step="sleep")], run_dir: RunDir = RunDir()) -> str:
    return name


def _pause(run_dir: Path, name: str) -> None:
    if not (run_dir / "quick").exists() and not (run_dir / f"quick-{name}").exists():
        time.sleep(30)


if __name__ == "__main__":
    raise SystemExit(wf.cli())
