"""Three chained stages of no-ops."""

from typing import Annotated

from reflow import Param, Result, Workflow

wf = Workflow("chain")


@wf.job()
def items(n: Annotated[int, Param(help="How many")]) -> list[int]:
    return list(range(n))


@wf.array_job()
def first(item: Annotated[int, Result(step="items")]) -> int:
    return item


@wf.array_job()
def second(item: Annotated[int, Result(step="first")]) -> int:
    return item


@wf.array_job()
def third(item: Annotated[int, Result(step="second")]) -> int:
    return item


if __name__ == "__main__":
    raise SystemExit(wf.cli())
