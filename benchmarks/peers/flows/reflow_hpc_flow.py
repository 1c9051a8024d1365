"""A fan-out of no-ops and a gather, by reflow-hpc, whose import name is ``reflow`` too.

The number of instances alone runs it on this machine; else the words are those of its own command line, by which
its jobs on a cluster call it, too.
"""

import sys
from typing import Annotated

from reflow import Param, Result, Workflow

wf = Workflow("fan_out")


@wf.job()
def items(n: Annotated[int, Param(help="How many")]) -> list[int]:
    return list(range(n))


@wf.job(array=True)
def no_op(item: Annotated[int, Result(step="items")]) -> int:
    return item


@wf.job()
def count(results: Annotated[list[int], Result(step="no_op")]) -> int:
    return len(results)


if __name__ == "__main__":
    if not sys.argv[1].isdigit():
        raise SystemExit(wf.cli())
    wf.run_local(run_dir="runs", max_workers=2, n=int(sys.argv[1]))
