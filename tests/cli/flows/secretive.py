"""A flow whose task is given a secret, shows it in an exception, and is slow enough to be looked at meanwhile."""

import os
import time
from typing import Annotated

from reflow import Param, Result, RunDir, Workflow

wf = Workflow("secretive")


@wf.job
def sites() -> list[str]:
    return ["a", "b"]


@wf.array_job
def fetch(
    site: Annotated[str, Result(step="sites")],
    token: Annotated[str, Param(secret=True)],
    expected: int,
    run_dir: RunDir = RunDir(),
) -> int:
    (run_dir / "begun").touch()
    while not os.path.exists(run_dir / "looked"):
        time.sleep(0.01)
    if site == "b":
        raise ValueError(f"{token} is no good")
    assert len(token) == expected
    return len(token)


if __name__ == "__main__":
    raise SystemExit(wf.cli())
