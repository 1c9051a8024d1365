"""A fan-out of no-ops, and a gather."""

from typing import Annotated

from reflow import Param, Result, Workflow

wf = Workflow("fan_out")


@wf.job()
def items(
    n: Annotated[int, Param(help="How many")],
    changed: Annotated[int, Param(help="The item that is another one")] = -1,
) -> list[int]:
    return [-1 if item == changed else item for item in range(n)]


@wf.array_job()
def no_op(item: Annotated[int, Result(step="items")]) -> int:
    return item


@wf.job()
def count(results: Annotated[list[int], Result(step="no_op")]) -> int:
    return len(results)


if __name__ == "__main__":
    raise SystemExit(wf.cli())
