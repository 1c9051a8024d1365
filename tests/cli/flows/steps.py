"""Three steps whose instances can be slow, be held up, or fail."""

import time
from pathlib import Path
from typing import Annotated, Literal

from reflow import Param, Result, RunDir, Workflow

wf = Workflow("steps")


@wf.job
def prepare(n: int = 3) -> list[int]:
    return list(range(n))


@wf.array_job
def work(
    i: Annotated[int, Result(step="prepare")],
    bad: Annotated[list[int], Param(help="These fail")] = [],  # noqa: B006
    delay: float = 0.0,
    gate: Annotated[bool, Param(help="Wait until there is a file called gate")] = False,
    model: Literal["era5", "icon"] = "era5",
    run_dir: RunDir = RunDir(),
) -> int:
    print(f"working on {i}", flush=True)
    Path(run_dir / f"begun{i}").touch()
    while gate and not (run_dir / "gate").exists():
        time.sleep(0.01)
    time.sleep(delay)
    if i in bad:
        raise ValueError(f"cannot do {i}")
    return i * 10


@wf.job
def total(parts: Annotated[list[int], Result(step="work")]) -> int:
    return sum(parts)


if __name__ == "__main__":
    raise SystemExit(wf.cli())
