"""A wide flow of three tasks, of whose instances the last one waits until it is let go."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

from reflow import Param, Result, RunDir, Workflow

calls = Workflow("calls")


@calls.job
def numbers(count: Annotated[int, Param(help="How many")]) -> list[int]:
    return list(range(count))


@calls.array_job(pack=5)
def each(
    n: Annotated[int, Result("numbers")],
    count: Annotated[int, Param(help="How many")],
    run_dir: RunDir = RunDir(),
) -> int:
    with open(Path(run_dir) / "called", "a") as file:
        file.write(f"{n}\n")
    while n == count - 1 and not (Path(run_dir) / "open").exists():
        time.sleep(0.05)
    return n


@calls.job
def total(found: Annotated[list[int], Result("each")]) -> int:
    return sum(found)
