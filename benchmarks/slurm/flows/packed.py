"""A fan-out of no-ops, 50 to an element, and a gather."""

from typing import Annotated

from reflow import Param, Result, Workflow

wf = Workflow("packed")


@wf.job()
def items(n: Annotated[int, Param(help="How many")]) -> list[int]:
    return list(range(n))


@wf.array_job(pack=50)
def no_op(item: Annotated[int, Result(step="items")]) -> int:
    return item


@wf.job()
def count(results: Annotated[list[int], Result(step="no_op")]) -> int:
    return len(results)


if __name__ == "__main__":
    raise SystemExit(wf.cli())
