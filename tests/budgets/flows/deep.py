"""Tasks one behind the other, as many as the environment says."""

import os
from typing import Annotated

from reflow import Result, Workflow

wf = Workflow("deep")


@wf.job()
def stage_0() -> int:
    return 0


def add(number: int) -> None:
    def stage(before: Annotated[int, Result(step=f"stage_{number - 1}")]) -> int:
        return before + 1

    wf.job(name=f"stage_{number}")(stage)


for number in range(1, int(os.environ["DEPTH"])):
    add(number)

if __name__ == "__main__":
    raise SystemExit(wf.cli())
