"""Wide flows for whole runs on a real cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from real_runs import pass_gate

from reflow import Param, Result, RunDir, Workflow

Count = Annotated[int, Param(help="How many")]

stages = Workflow("stages")


@stages.job
def source(count: Count) -> list[int]:
    return list(range(count))


@stages.array_job
def square(n: Annotated[int, Result("source")]) -> int:
    return n * n


@stages.job
def gathered(found: Annotated[list[int], Result("square")]) -> int:
    return sum(found)


elsewhere = Workflow("elsewhere")


@elsewhere.job
def listed(count: Count) -> list[int]:
    return list(range(count))


@elsewhere.array_job(account="tiny")
def squared(n: Annotated[int, Result("listed")]) -> int:
    return n * n


@elsewhere.job
def summed(found: Annotated[list[int], Result("squared")]) -> int:
    return sum(found)


scattered = Workflow("scattered")


@scattered.job
def many(count: Count) -> list[int]:
    return list(range(count))


@scattered.array_job(pack=10)
def three_in_ten_fail(n: Annotated[int, Result("many")], run_dir: RunDir = RunDir()) -> int:
    """Fail for three numbers in ten, far from each other, until a file says that they need not."""
    if n * 7 % 10 < 3 and not (Path(run_dir) / "mended").exists():
        raise ValueError(f"cannot do {n}")
    return n


@scattered.job
def all_of_it(found: Annotated[list[int], Result("three_in_ten_fail")]) -> int:
    return sum(found)


# Branches -------------------------------------------------------------------------------------------------

branches = Workflow("many-branches")


def alone(run_dir: RunDir = RunDir()) -> str:
    return pass_gate(run_dir, "alone")


for number in range(60):
    branches.job(name=f"alone_{number}")(alone)
